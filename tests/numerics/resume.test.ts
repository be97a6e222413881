import { valueOf } from '../../src/experiment/reading';
import { describe, expect, it } from 'vitest';
import { createHistory, resultsOf } from '../../src/experiment/documents/history';
import type { ExperimentConfigInput } from '../../src/experiment/config/schema';
import { banditTask } from '../../src/training/banditTask';
import type { Report } from '../../src/training/reports';
import { runExperiment } from '../../src/training/runExperiment';
import { encodeStored, parseStored, type StoredExperiment } from '../../src/run/storedExperiment';
import { forEachBackend } from '../support/backends';
import { configOf, tinyTransformerTask } from '../support/tasks';

/** An experiment that is broken off, saved to bytes and continued ends with the hashes of one that is not. */

const common = {
  beta: 0.5,
  learningRate: 0.01,
  optimiser: { clip: 1 },
  evaluation: { every: 3, samples: 4 },
} as const satisfies Partial<ExperimentConfigInput>;

const CASES: Record<string, ExperimentConfigInput> = {
  'online, two fleets': {
    ...common,
    task: { kind: 'bandit', prompts: 3, responses: 5 },
    arms: [
      { sampler: 't-pilaf', weighted: true },
      { sampler: 'best-of-n', n: 3 },
    ],
    seeds: 2,
    schedule: { steps: 8, pairs: 4 },
  },
  'rounds that accumulate, after an offline start': {
    ...common,
    task: { kind: 'reviews' }, // Only its name: the task is a smaller one.
    arms: [{ sampler: 'pilaf' }, { sampler: 'vanilla', loss: { kind: 'kto' } }],
    seeds: 1,
    start: { kind: 'offline', pairs: 4, epochs: 2 },
    rounds: { pairs: 8, epochs: 1, accumulate: true, resetOptimiser: true },
    schedule: { steps: 8, pairs: 4 },
  },
  'a reference that moves': {
    ...common,
    task: { kind: 'reviews' },
    arms: [{ sampler: 'pilaf' }],
    seeds: 1,
    rounds: { pairs: 8, epochs: 2, movingReference: true },
    schedule: { steps: 10, pairs: 4 },
  },
};

function prepared(input: ExperimentConfigInput) {
  const config = configOf(input);
  return { config, task: config.task.kind === 'bandit' ? banditTask(config.task) : tinyTransformerTask() };
}

const hashesOf = (reports: readonly Report[]): readonly string[] => {
  const last = reports.at(-1);
  if (last?.type !== 'finished') throw new Error('it did not finish');
  return last.runs.map(({ hash }) => hash);
};

/** All reports; with `stopAfter`, the state after that step, as bytes, and no report beyond. */
async function run(input: ExperimentConfigInput, from?: StoredExperiment, stopAfter = Infinity) {
  const { config, task } = prepared(input);
  const reports: Report[] = [];
  let history = null;
  let step = from?.snapshot.step ?? 0;
  let bytes: Uint8Array | null = null;
  const control = { signal: new AbortController().signal, wantsSnapshot: () => step === stopAfter };
  for await (const report of runExperiment(config, task, control, from?.snapshot)) {
    reports.push(report);
    if (report.type === 'started') history = createHistory(config, report);
    if (report.type === 'snapshot') {
      const results = resultsOf(history!, { name: 'cpu', adapter: null }, { seconds: 1, pairsPerSecond: 1 });
      bytes = encodeStored({ results, snapshot: report.snapshot });
      break;
    }
    if (report.type === 'progress') step = report.step;
  }
  return { reports, bytes };
}

describe.each(Object.entries(CASES))('resuming: %s', (_, input) => {
  forEachBackend((name) => {
    // At an evaluation, when the next step's sampling has begun, and in the middle of a round.
    it.each(name === 'webgpu' ? [5] : [3, 5, 6])('continues exactly after step %i', async (stopAfter) => {
      const whole = hashesOf((await run(input)).reports);
      const { bytes } = await run(input, undefined, stopAfter);
      const saved = valueOf(parseStored(bytes!));
      expect(saved.snapshot.step).toBe(stopAfter);
      const { reports } = await run(input, saved);
      expect(reports.some((report) => report.type === 'offline')).toBe(false);
      expect(hashesOf(reports)).toEqual(whole);
    });
  });
});

describe('a stored experiment', () => {
  forEachBackend(() => {
    it('is refused by an experiment of other sizes', async () => {
      const { bytes } = await run(CASES['online, two fleets']!, undefined, 3);
      const other = { ...CASES['online, two fleets']!, task: { kind: 'bandit', prompts: 4, responses: 5 } } as const;
      await expect(run(other, valueOf(parseStored(bytes!)))).rejects.toThrow(/does not fit/);
    });
  }, ['cpu']);
});
