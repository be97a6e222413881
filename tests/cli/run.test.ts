import { historyOf } from '../../src/experiment/documents/history';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { summary } from '../../src/cli/run/summary';
import { parseConfig } from '../../src/experiment/config/config';
import { PRESETS } from '../../src/experiment/presets/presets';
import { METRICS } from '../../src/experiment/documents/metrics';
import type { RunResult } from '../../src/experiment/documents/results';
import { configFile, lab, run, scratchFolder, TINY, type Finished } from './lab';

const BACKENDS = ['cpu', 'wasm', 'webgpu'] as const;

/** The same tiny race on every backend; WebGPU without an adapter fails here. */
const onBackend = {} as Record<(typeof BACKENDS)[number], Finished>;
beforeAll(async () => {
  for (const backend of BACKENDS) onBackend[backend] = await run(TINY, '--backend', backend);
}, 120_000);

const numbers = (runs: readonly RunResult[], arm: string) =>
  runs.filter((one) => one.arm === arm).map(({ evaluations }) => evaluations.map(({ reward, kl }) => ({ reward, kl })));

/** Whether all rewards and KLs agree to a relative error. */
function expectClose(
  found: readonly RunResult[],
  expected: readonly RunResult[],
  arm: string,
  tolerance: number,
): void {
  const [a, b] = [numbers(found, arm), numbers(expected, arm)];
  expect(a.map((one) => one.length)).toEqual(b.map((one) => one.length));
  a.flat().forEach((point, i) => {
    for (const metric of ['reward', 'kl'] as const) {
      const [x, y] = [point[metric], b.flat()[i]![metric]];
      // At step 0 the KL is 0 up to rounding.
      expect(Math.abs(x - y), `${metric} ${x} and ${y}`).toBeLessThanOrEqual(tolerance * Math.abs(y) + 1e-6);
    }
  });
}

describe.each(BACKENDS)('lab run on %s', (backend) => {
  it('says what ran', () => {
    const { results, stdout, stderr } = onBackend[backend];
    expect(results.backend.name).toBe(backend);
    if (backend === 'webgpu') expect(results.backend.adapter).toMatch(/\S/);
    else expect(results.backend.adapter).toBeNull();
    expect(stdout).toContain(`Ran on ${backend}${backend === 'webgpu' ? ` (${results.backend.adapter})` : ''} for`);
    expect(stderr, 'quiet when piped').toBe('');
  });

  it('agrees with the CPU step by step', () => {
    for (const arm of ['Vanilla', 'PILAF']) {
      expectClose(onBackend[backend].results.runs, onBackend.cpu.results.runs, arm, 1e-3);
    }
  });
});

describe('the results document', () => {
  it('has the published shape', () => {
    const { results } = onBackend.wasm;
    expect(Object.keys(results)).toEqual([
      'format',
      'version',
      'config',
      'backend',
      'optimum',
      'frontier',
      'runs',
      'timing',
    ]);
    expect(results).toMatchObject({ format: 'pilaf-lab/results', version: 1, timing: { seconds: expect.any(Number) } });
    expect(parseConfig(results.config)).toEqual({ ok: true, value: results.config });
    expect(results.optimum!.objective).toBeCloseTo(results.optimum!.reward - results.optimum!.kl, 9);
    expect(results.runs.map(({ arm, seed, status }) => [arm, seed, status])).toEqual([
      ['Vanilla', 0, 'complete'],
      ['Vanilla', 1, 'complete'],
      ['PILAF', 0, 'complete'],
      ['PILAF', 1, 'complete'],
    ]);
    for (const { hash, evaluations } of results.runs) {
      expect(hash).toMatch(/^[0-9a-f]{8,}$/);
      expect(evaluations.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      for (const evaluation of evaluations) {
        expect(Object.keys(evaluation).sort()).toEqual(['step', ...Object.keys(METRICS)].sort());
        expect(evaluation.labels).toBe(4 * evaluation.step);
        expect(evaluation.objective).toBeCloseTo(evaluation.reward - evaluation.kl, 9);
      }
    }
  });

  it('can be run again, with the same hashes', async () => {
    const { results } = onBackend.wasm;
    const again = await run(results, '--backend', 'wasm');
    expect(again.results.runs.map(({ hash }) => hash)).toEqual(results.runs.map(({ hash }) => hash));
    const other = await run(TINY, '--backend', 'wasm', '--set', 'firstSeed=1');
    const [first, second] = [results.runs, other.results.runs];
    expect(second[0]!.hash, 'seed 1, now first').toBe(first[1]!.hash);
    expect(second[0]!.hash).not.toBe(first[0]!.hash);
  });
});

describe('the table', () => {
  it('has a row per arm with intervals, costs and the paired difference', () => {
    const lines = onBackend.wasm.stdout.split('\n');
    expect(lines[0]!.split(/ {2,}/)).toEqual([
      'arm',
      'reward',
      'KL',
      'J',
      'J* − J',
      'J − Vanilla’s',
      'seeds',
      'labels',
      'sampling cost',
      'labels saved',
      'sampling saved',
    ]);
    expect(lines[2]).toMatch(/^Vanilla +\S+ ± +\S+ .* – +2 +40 +80 +– +–$/);
    expect(lines[3]).toMatch(/^PILAF +\S+ ± +\S+ /);
  });
});

describe('--set', () => {
  it('reaches scalars, lists and tables', async () => {
    const tables = ['task.referenceLogits=[[0,1],[1,0]]', 'task.rewards=[[1,0],[0,1]]'];
    const changes = [
      'seeds=1',
      'schedule.steps=2',
      'arms.1.alpha=0.5',
      'arms.2={"sampler":"hybrid"}',
      'optimiser.clip=1',
    ];
    const { results } = await run(
      TINY,
      '--backend',
      'cpu',
      ...[...tables, ...changes].flatMap((set) => ['--set', set]),
    );
    expect(results.config).toMatchObject({
      task: {
        prompts: 2,
        responses: 2,
        rewards: [
          [1, 0],
          [0, 1],
        ],
      },
      seeds: 1,
      schedule: { steps: 2, pairs: 4 },
      arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf', alpha: 0.5 }, { sampler: 'hybrid' }],
      optimiser: { clip: 1 },
    });
    expect(results.runs.map(({ arm }) => arm)).toEqual(['Vanilla', 'PILAF (α = 0.5)', 'Hybrid']);
    // π_ref gives the worse response e/(1 + e) on both prompts.
    expect(results.runs[0]!.evaluations[0]!.reward).toBeCloseTo(1 / (1 + Math.E), 6);
  });
});

describe('a run', () => {
  it('has the same numbers alone and beside others', async () => {
    const alone = await run({ ...TINY, arms: [{ sampler: 'pilaf' }], seeds: 1 }, '--backend', 'wasm');
    const arms = [{ sampler: 't-pilaf', beta: 2 }, { sampler: 'best-of-n', n: 4 }, { sampler: 'pilaf' }];
    const beside = await run({ ...TINY, arms, seeds: 3 }, '--backend', 'wasm');
    const same = beside.results.runs.filter(({ arm, seed }) => arm === 'PILAF' && seed === 0);
    expectClose(same, alone.results.runs, 'PILAF', 1e-5);
  });

  it('that diverged is named in the table, with what the means count', async () => {
    // No config within the bounds is known to diverge; the engine's own tests force one.
    const { results } = await run({ ...TINY, arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }], seeds: 2 });
    const runs = results.runs.map((one, i) => (i === 3 ? { ...one, status: 'diverged' as const } : one));
    const changed = { ...results, runs };
    expect(summary(changed, historyOf(changed), [])).toContain(
      'PILAF: 1 of 2 runs diverged (seed 1) and were stopped; the means do not count them.',
    );
  });

  it('that is interrupted says how far it came', async () => {
    const folder = scratchFolder();
    const out = join(folder, 'results.json');
    const config = configFile({ ...TINY, schedule: { steps: 100_000, pairs: 4 }, evaluation: { every: 50 } });
    const ended = await lab(['run', config, '--backend', 'cpu', '--out', out], { interruptAfter: 4000 });
    expect(ended).toMatchObject({ code: 130, stderr: '' });
    expect(ended.stdout).toMatch(/^Vanilla /m);
    expect(ended.stdout).toContain('Stopped before its end');
    const { runs } = JSON.parse(readFileSync(out, 'utf8')) as { runs: RunResult[] };
    expect(runs.map(({ status }) => status)).toEqual(['stopped', 'stopped', 'stopped', 'stopped']);
    expect(readdirSync(folder), 'no temporary file is left').toEqual(['results.json']);
  });
});

describe('lab run without --backend', () => {
  it('says why it passed WebGPU over, where it did', async () => {
    const { results, stdout } = await run({ ...TINY, seeds: 1, schedule: { steps: 1, pairs: 1 } });
    if (results.backend.name !== 'webgpu') expect(stdout).toMatch(/^WebGPU was passed over: .+\.$/m);
  });
});

describe('lab presets', () => {
  it('lists them', async () => {
    const { code, stdout } = await lab(['presets']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^bandit-race +Bandit race +5 +100 +4000$/m);
    expect(stdout).toMatch(/^phase-map +What PILAF saves .* 49$/m);
  });

  it('prints configs that can be run', async () => {
    const { stdout } = await lab(['presets', '--json']);
    const presets = JSON.parse(stdout) as { id: string; config: unknown }[];
    expect(presets.map(({ id }) => id)).toEqual(PRESETS.map(({ id }) => id));
    for (const { config } of presets) expect(parseConfig(config)).toEqual({ ok: true, value: config });
    const short = ['--backend', 'cpu', '--set', 'schedule.steps=1', '--set', 'seeds=1'];
    const [entry, bare] = [await run(presets[0], ...short), await run(presets[0]!.config, ...short)];
    expect(entry.results.runs).toEqual(bare.results.runs);
    expect(entry.results.runs).toHaveLength(5);
  });
});
