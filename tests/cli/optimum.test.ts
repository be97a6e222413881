import { valueOf } from '../../src/experiment/reading';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseOptimumFile } from '../../src/experiment/documents/optimumFile';
import { lab, run, scratchFolder, type Ended } from './lab';

const SHIPPED = 'public/checkpoints/reviews.safetensors';

const RACE = {
  task: { kind: 'reviews' },
  arms: [{ sampler: 'vanilla' }, { sampler: 'vanilla', beta: 0.01, name: 'beyond' }],
  seeds: 1,
  beta: 0.5,
  learningRate: 1e-3,
  schedule: { steps: 1, pairs: 2 },
  evaluation: { every: 1, samples: 8 },
};

describe('lab optimum reviews', () => {
  const folder = scratchFolder();
  const checkpoint = join(folder, 'own.safetensors');
  const beside = join(folder, 'own.optimum.json');
  const again = join(folder, 'again.json');
  let first: Ended;
  const estimate = (...more: string[]) =>
    lab(['optimum', 'reviews', '--checkpoint', checkpoint, '--samples', '5', '--proposal-steps', '1', ...more]);

  beforeAll(async () => {
    copyFileSync(SHIPPED, checkpoint);
    first = await estimate();
    await estimate('--out', again);
  }, 180_000);

  it('writes the estimate beside the checkpoint, the same bytes for the same seed', () => {
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(beside, 'utf8')).toBe(readFileSync(again, 'utf8'));
    const { points, prompts, samplesPerPrompt, command } = valueOf(parseOptimumFile(readFileSync(beside, 'utf8')));
    expect({ prompts, samplesPerPrompt }).toEqual({ prompts: 31, samplesPerPrompt: 5 });
    expect(command).toContain('--samples 5 --proposal-steps 1 --seed 0 --backend wasm');
    expect(points.map(({ beta }) => beta)).toContain(0.1);
    for (const { beta, reward, kl, objective, estimate: found } of points) {
      expect(Math.abs(reward - beta * kl - objective)).toBeLessThan(1e-3);
      expect(found.effective.minimum).toBeLessThanOrEqual(5);
    }
  });

  it('prints the table and says what cannot be relied on', () => {
    expect(first.stdout).toMatch(/^ *0\.1 .* unreliable$/m);
    expect(first.stdout).toContain(`The estimate is in ${beside}.`);
  });

  it('draws from the reference alone where there are no proposals', async () => {
    const out = join(folder, 'plain.json');
    const { code } = await estimate('--proposal-steps', '0', '--out', out);
    expect(code).toBe(0);
    const { points, method } = valueOf(parseOptimumFile(readFileSync(out, 'utf8')));
    expect(method).toContain('drawn from the reference.');
    // All weights equal where β is large.
    expect(points[0]!.estimate.effective.minimum).toBeGreaterThan(4.9);
  });

  it('does not depend on the number of processes', async () => {
    const texts = [];
    for (const workers of ['1', '3']) {
      const out = join(folder, `by-${workers}.json`);
      expect((await estimate('--workers', workers, '--samples', '12', '--out', out)).code).toBe(0);
      texts.push(readFileSync(out, 'utf8'));
    }
    expect(texts[1]).toBe(texts[0]);
  });

  it('is used by a run, with its note, and does not change the hash', async () => {
    const task = { kind: 'reviews', checkpoint };
    const args = ['--backend', 'wasm'];
    const rough = await run({ ...RACE, task }, ...args);
    expect(rough.results.frontier?.length).toBeGreaterThan(10);
    expect(rough.results.runs[1]!.optimum).toBeNull();
    expect(rough.results.runs[0]!.evaluations[0]!.gap).toBeNull();
    expect(rough.stdout).toContain('J* is not known well enough at β = 0.5');

    // The shipped one belongs to the same weights.
    copyFileSync(SHIPPED.replace('.safetensors', '.optimum.json'), beside);
    const good = await run({ ...RACE, task }, ...args);
    const { gap, objective } = good.results.runs[0]!.evaluations[0]!;
    expect(gap! + objective).toBeCloseTo(good.results.optimum!.objective, 6);
    expect(good.stdout).toMatch(/J\* at β = 0\.5 is estimated: \d\.\d{3} ± 0\.\d{3}/);
    expect(good.results.runs.map(({ hash }) => hash)).toEqual(rough.results.runs.map(({ hash }) => hash));

    const stale = readFileSync(beside, 'utf8').replace(/"weights": "[0-9a-f]{16}"/, `"weights": "${'0'.repeat(16)}"`);
    writeFileSync(beside, stale);
    const without = await run({ ...RACE, task }, ...args);
    expect(without.results).toMatchObject({ frontier: null, optimum: null });
    expect(without.stdout).toMatch(/is not used: it was estimated for other weights/);
  });

  it.each<[string[], RegExp]>([
    [['optimum'], /^optimum knows one task, reviews; given was ""\.\n$/],
    [['optimum', 'bandit'], /given was "bandit"/],
    [
      ['optimum', 'reviews', '--samples', '1'],
      /^--samples: "1" is not allowed; give a whole number from 2 to 1000000\.\n$/,
    ],
    [['optimum', 'reviews', '--proposal-steps', '-1'], /^--proposal-steps: /],
    [['optimum', 'reviews', '--seed', 'x'], /^--seed: "x" is not allowed/],
    [['optimum', 'reviews', '--backend', 'tpu'], /^--backend: "tpu"/],
    [['optimum', 'reviews', '--checkpoint', 'nothing'], /^--checkpoint: "nothing" cannot be used, there is no file/],
    [['optimum', 'reviews', '--out', '/no/such/folder/file.json'], /^--out: there is no folder/],
    [['optimum', 'reviews', '--sample', '3'], /^unknown option '?--sample/],
  ])('refuses %j in one sentence', async (args, words) => {
    const { code, stderr, stdout } = await lab(args, { direct: true });
    expect(stderr).toMatch(words);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
