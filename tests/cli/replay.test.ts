import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { configFile, lab as launch, scratchFolder, TINY } from './lab';

const lab = (args: readonly string[]) => launch(args, { direct: true });
const folder = scratchFolder();
vi.setConfig({ testTimeout: 240_000 });

/** Everything that the script covers: weights of T-PILAF, smoothing, rounds of several epochs, clipping, decay. */
const RACES = {
  online: {
    arms: [
      { sampler: 'vanilla' },
      { sampler: 'pilaf' },
      { sampler: 't-pilaf', weighted: true },
      { sampler: 'best-of-n', n: 4 },
      { sampler: 'hybrid', loss: { kind: 'dpo', smoothing: 0.1 }, learningRate: 0.03 },
    ],
    labeller: { flip: 0.1 },
  },
  rounds: { rounds: { pairs: 16, epochs: 2 }, optimiser: { epsilon: 1e-5, clip: 0.05, weightDecay: 0.1 } },
};

const hasNumpy = spawnSync('python3', ['-c', 'import numpy']).status === 0;
if (!hasNumpy)
  console.log('docs/replay.py is not run here: python3 has no numpy. What it reads is checked all the same.');

describe('lab run --pairs', () => {
  it.each(Object.entries(RACES))('writes what %s training is replayed from', async (name, more) => {
    const [pairs, results] = [join(folder, `${name}.jsonl`), join(folder, `${name}.json`)];
    const steps = 60;
    const schedule = { steps, pairs: 8, learningRate: 'linear' };
    const race = { ...TINY, seeds: 2, learningRate: 0.05, optimiser: { epsilon: 1e-5 }, schedule, ...more };
    const { code, stderr } = await lab([
      ...['run', configFile(race), '--backend', 'wasm', '--pairs', pairs, '--out', results],
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [head, ...lines] = readFileSync(pairs, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const runs = (head!['runs'] as unknown[]).length;
    const { weights } = lines.pop()! as { weights: number[][] };
    expect(head).toMatchObject({ format: 'pilaf-lab/pairs', version: 1, config: { seeds: 2 } });
    expect(weights).toHaveLength(runs);
    expect(lines).toHaveLength(runs * steps);
    for (const line of lines) {
      expect(line['pairs']).toHaveLength(8);
      expect(line['hash']).toMatch(/^[0-9a-f]{16}$/);
    }
    // Nothing depends on whether the pairs are written.
    const plain = join(folder, `${name}-plain.json`);
    await lab(['run', configFile(race), '--backend', 'wasm', '--workers', '1', '--out', plain]);
    const hashes = (path: string) =>
      (JSON.parse(readFileSync(path, 'utf8')) as { runs: { hash: string }[] }).runs.map(({ hash }) => hash);
    expect(hashes(results)).toEqual(hashes(plain));
    if (!hasNumpy) return;
    const replay = spawnSync('python3', ['docs/replay.py', pairs], { encoding: 'utf8' });
    expect(replay.stderr).toBe('');
    expect(replay.stdout).toContain(`${runs} runs replayed; the largest difference of a weight is `);
    expect(replay.status).toBe(0);
  });

  it.each([
    [{ start: { kind: 'offline', pairs: 8, epochs: 1 } }, 'pairs.jsonl', '--pairs: start.kind "offline" trains before'],
    [{}, 'no/such/folder.jsonl', '--pairs: there is no folder'],
  ])('refuses %j', async (more, path, words) => {
    const race = configFile({ ...TINY, schedule: { steps: 4, pairs: 8 }, ...more });
    const { code, stderr } = await lab(['run', race, '--backend', 'cpu', '--pairs', join(folder, path)]);
    expect(stderr).toContain(words);
    expect(code).toBe(2);
  });
});
