import { describe, expect, it } from 'vitest';
import type { ExperimentConfig, ExperimentConfigInput } from '../../src/experiment/config/schema';
import { cutIntoParts } from '../../src/run/cutIntoParts';
import { STREAM, uniform } from '../../src/math/random';
import { runParts } from '../../src/run/runParts';
import { banditTask } from '../../src/training/banditTask';
import type { Report } from '../../src/training/reports';
import { runExperiment, type ExperimentControl } from '../../src/training/runExperiment';
import type { ExperimentSnapshot } from '../../src/training/snapshot';
import type { Task } from '../../src/training/task';
import { forEachBackend } from '../support/backends';
import { localPool } from '../support/localPool';
import { configOf, tinyTransformerTask } from '../support/tasks';

/** A race that is spread over workers says what one in a single thread says, to the same hashes. */

const common = {
  beta: 0.5,
  learningRate: 0.01,
  seeds: 3,
  schedule: { steps: 8, pairs: 4 },
  evaluation: { every: 3, samples: 4 },
} as const satisfies Partial<ExperimentConfigInput>;

const CASES: Record<string, ExperimentConfigInput> = {
  'two fleets': {
    ...common,
    task: { kind: 'bandit', prompts: 3, responses: 5 },
    arms: [{ sampler: 't-pilaf', weighted: true }, { sampler: 'best-of-n', n: 3 }, { sampler: 'vanilla' }],
  },
  'one seed, after an offline start, in rounds that accumulate': {
    ...common,
    task: { kind: 'reviews' }, // Only its name: the task is a smaller one.
    arms: [{ sampler: 'pilaf' }, { sampler: 'vanilla', loss: { kind: 'kto' } }, { sampler: 'hybrid' }],
    seeds: 1,
    start: { kind: 'offline', pairs: 4, epochs: 2 },
    rounds: { pairs: 8, epochs: 1, accumulate: true, resetOptimiser: true },
  },
  'a reference that moves': {
    ...common,
    task: { kind: 'reviews' },
    arms: [{ sampler: 'pilaf' }, { sampler: 'vanilla' }],
    rounds: { pairs: 8, epochs: 2, movingReference: true },
  },
};

const taskOf = (config: ExperimentConfig): Task =>
  config.task.kind === 'bandit' ? banditTask(config.task) : tinyTransformerTask();

const idle = (): ExperimentControl => ({ signal: new AbortController().signal });

async function collect(reports: AsyncIterable<Report>): Promise<Report[]> {
  const found: Report[] = [];
  for await (const report of reports) found.push(report);
  return found;
}

interface Manner {
  readonly workers?: number;
  /** More than workers: some take turns. */
  readonly parts?: number;
  readonly task?: Task;
  readonly control?: ExperimentControl;
  readonly from?: ExperimentSnapshot | null;
  /** How many orders a worker carries out before it dies, by its number. */
  readonly ordersLeft?: (worker: number) => number;
}

function spread(
  config: ExperimentConfig,
  { workers: count = 2, parts: pieces = count, task, control, from = null, ordersLeft }: Manner = {},
) {
  const ready = task ?? taskOf(config);
  const { pool, workers } = localPool({ name: 'cpu', adapter: null }, ready, ordersLeft);
  const parts = cutIntoParts(config, pieces);
  const now = () => performance.now();
  const reports = runParts(config, ready, control ?? idle(), from, {
    pool,
    workers: count,
    parts,
    checkpoints: [],
    now,
  });
  return { reports, pool, workers, parts };
}

/** What is compared: all but what comes with every step. */
const numbersIn = (reports: readonly Report[]) =>
  reports.filter(({ type }) => type !== 'progress' && type !== 'offline' && type !== 'compiling');

const pairsIn = (reports: readonly Report[]): number =>
  reports.reduce((sum, report) => sum + (report.type === 'progress' ? report.pairs : 0), 0);

describe.each(Object.entries(CASES))('a race in parts: %s', (_, input) => {
  const config = configOf(input);

  forEachBackend(() => {
    it('says what one in a single thread says, whatever the number of workers', async () => {
      const whole = await collect(runExperiment(config, taskOf(config), idle()));
      for (const workers of [1, 2, 3]) {
        const { reports, parts } = spread(config, { workers });
        expect(parts).toHaveLength(workers);
        const found = await collect(reports);
        expect(numbersIn(found)).toEqual(numbersIn(whole));
        expect(pairsIn(found)).toBe(pairsIn(whole));
      }
    });

    it('goes on from a state in another number of parts', async () => {
      const whole = await collect(runExperiment(config, taskOf(config), idle()));
      for (const [before, after] of [
        [2, 3],
        [3, 1],
        [1, 2],
      ] as const) {
        let step = 0;
        let saved: ExperimentSnapshot | null = null;
        const control = { ...idle(), wantsSnapshot: () => step >= 4 };
        const { reports, pool } = spread(config, { workers: before, control });
        for await (const report of reports) {
          if (report.type === 'progress') step = report.step;
          if (report.type !== 'snapshot') continue;
          saved = report.snapshot;
          break;
        }
        pool.end();
        expect(saved?.step).toBe(step);
        const found = await collect(spread(config, { workers: after, from: saved }).reports);
        expect(found.at(-1)).toEqual(whole.at(-1));
      }
    });
  }, ['cpu', 'wasm']);

  forEachBackend(() => {
    it('has its parts take turns where they are more than the workers', async () => {
      const whole = await collect(runExperiment(config, taskOf(config), idle()));
      for (const workers of [1, 2]) {
        const { reports, workers: used } = spread(config, { workers, parts: 3 });
        const found = await collect(reports);
        // A state keeps no pairs to be shown.
        const numbers = (reports: readonly Report[]) => numbersIn(reports).filter(({ type }) => type !== 'pairs');
        expect(numbers(found)).toEqual(numbers(whole));
        expect(pairsIn(found)).toBe(pairsIn(whole));
        expect(used).toHaveLength(workers);
      }
    });

    it('is begun again where a worker dies, without a word', async () => {
      const whole = await collect(runExperiment(config, taskOf(config), idle()));
      for (const [first, second] of [
        [0, 2],
        [3, 1],
        [2, 5],
      ]) {
        const control = { ...idle(), wantsSnapshot: () => first === 3 };
        const { reports, workers } = spread(config, { control });
        const found: Report[] = [];
        for await (const report of reports) {
          found.push(report);
          // The workers are made when the first of them is asked for.
          if (report.type === 'started') queueMicrotask(() => workers[0] && (workers[0].ordersLeft = first!));
          if (workers[1] && workers[1].ordersLeft === Infinity) workers[1].ordersLeft = second!;
        }
        expect(workers.length).toBeGreaterThan(2);
        expect(numbersIn(found).filter(({ type }) => type !== 'snapshot')).toEqual(numbersIn(whole));
      }
    });
  }, ['cpu']);
});

describe('a race in parts', () => {
  const config = configOf(CASES['two fleets']!);

  forEachBackend(() => {
    it('ends with a sentence where a part’s workers die again and again', async () => {
      const { reports, workers } = spread(config, { ordersLeft: () => 0 });
      await expect(collect(reports)).rejects.toThrow('it died');
      expect(workers.length).toBeGreaterThanOrEqual(3);
      await new Promise((resolve) => setTimeout(resolve, 50)); // they free what they hold
    });

    it('gives a part up whose workers die again and again, and goes on with the others', async () => {
      const whole = await collect(runExperiment(config, taskOf(config), idle()));
      const control = { ...idle(), wantsSnapshot: () => true };
      // Of those that come after the first three none lives.
      const ordersLeft = (worker: number) => (worker < 3 ? Infinity : 0);
      const { reports, workers, parts } = spread(config, { workers: 3, control, ordersLeft });
      const found: Report[] = [];
      for await (const report of reports) {
        found.push(report);
        if (report.type === 'progress' && report.step === 3) workers[1]!.ordersLeft = 0;
      }
      expect(workers.length, 'three have died').toBe(5);
      const given = found.filter((report) => report.type === 'givenUp');
      expect(given).toMatchObject([{ runs: parts[1], message: 'it died' }]);
      const [last, end] = [found.at(-1), whole.at(-1)];
      if (last?.type !== 'finished' || end?.type !== 'finished') throw new Error('it did not finish');
      const expected = end.runs.map((run, r) => (parts[1]!.includes(r) ? { status: 'stopped', hash: '' } : run));
      expect(last.runs).toEqual(expected);
      const states = found.flatMap((report) => (report.type === 'snapshot' ? [report.snapshot] : []));
      const rest = await collect(spread(config, { workers: 2, from: states.at(-1)! }).reports);
      const again = rest.at(-1);
      if (again?.type !== 'finished') throw new Error('it did not finish');
      parts[0]!.concat(parts[2]!).forEach((r) => expect(again.runs[r]).toEqual(end.runs[r]));
    });

    it.each(Array.from({ length: 20 }, (_, seed) => seed))(
      'comes to the same hashes whenever its workers die: schedule %i',
      async (seed) => {
        const whole = await collect(runExperiment(config, taskOf(config), idle()));
        const draw = (item: number) => uniform({ seed, stream: STREAM.evaluation, step: 0, row: 0, token: 0 }, item);
        const { reports, workers } = spread(config, { workers: 3, control: idle() });
        let [deaths, draws] = [0, 0];
        const found: Report[] = [];
        for await (const report of reports) {
          found.push(report);
          if (report.type !== 'progress' || draw(draws++) < 0.4) continue;
          const alive = workers.filter(({ gone }) => !gone);
          alive[Math.floor(draw(draws++) * alive.length)]!.ordersLeft = 0;
          deaths++;
        }
        expect(deaths).toBeGreaterThan(0);
        expect(numbersIn(found)).toEqual(numbersIn(whole));
      },
    );

    it('goes on with the others where all runs of a part have diverged', async () => {
      const sound = banditTask({ ...config.task, kind: 'bandit' } as Parameters<typeof banditTask>[0]);
      // The first seed's reference is no number; its arms are one part of three.
      const sick: Task = {
        ...sound,
        referenceWeights: (seed) => sound.referenceWeights(seed).map((w) => (seed === 0 ? NaN : w)),
      };
      const whole = await collect(runExperiment(config, sick, idle()));
      const control = { ...idle(), wantsSnapshot: () => true };
      const found = await collect(spread(config, { workers: 3, task: sick, control }).reports);
      expect(numbersIn(found).filter(({ type }) => type !== 'snapshot')).toEqual(numbersIn(whole));
      expect(whole.filter(({ type }) => type === 'diverged')).toHaveLength(3);
      const states = found.flatMap((report) => (report.type === 'snapshot' ? [report.snapshot] : []));
      for (const from of states.slice(-2)) {
        const rest = await collect(spread(config, { workers: 2, task: sick, from }).reports);
        expect(rest.at(-1)).toEqual(whole.at(-1));
      }
    });

    it('stops all parts at one step', async () => {
      const abort = new AbortController();
      const found: Report[] = [];
      for await (const report of spread(config, { control: { signal: abort.signal } }).reports) {
        found.push(report);
        if (report.type === 'progress' && report.step >= 2) abort.abort();
      }
      const last = found.at(-1);
      if (last?.type !== 'finished') throw new Error('it did not finish');
      expect(last.runs.map(({ status }) => status)).toEqual(Array(9).fill('stopped'));
      const whole = new AbortController();
      const same: Report[] = [];
      for await (const report of runExperiment(config, taskOf(config), { signal: whole.signal })) {
        same.push(report);
        if (report.type === 'progress' && report.step === last.step) whole.abort();
      }
      expect(same.at(-1)).toEqual(last);
    });

    it.each([2, 1])('can be stopped during an offline start, in two parts and %i workers', async (workers) => {
      const input = { ...CASES['one seed, after an offline start, in rounds that accumulate']! };
      const long = configOf({ ...input, start: { kind: 'offline', pairs: 4, epochs: 20 } });
      const abort = new AbortController();
      const found: Report[] = [];
      for await (const report of spread(long, { workers, parts: 2, control: { signal: abort.signal } }).reports) {
        found.push(report);
        if (report.type === 'offline') abort.abort();
      }
      expect(found.some(({ type }) => type === 'weights' || type === 'evaluation')).toBe(false);
      expect(found.at(-1)).toMatchObject({ type: 'finished', step: 0 });
    });

    it('ends an offline start that nobody wants any more when it begins', async () => {
      const input = { ...CASES['one seed, after an offline start, in rounds that accumulate']! };
      const long = configOf({ ...input, start: { kind: 'offline', pairs: 4, epochs: 200 } });
      const signal = AbortSignal.abort();
      const found = await collect(spread(long, { control: { signal } }).reports);
      expect(found.filter(({ type }) => type === 'offline').length).toBeLessThan(20);
      expect(found.at(-1)).toMatchObject({ type: 'finished', step: 0 });
    });

    it('evaluates the step at which somebody pauses', async () => {
      let isPaused = false;
      const control = { ...idle(), wantsEvaluation: () => isPaused };
      const steps: number[] = [];
      for await (const report of spread(config, { control }).reports) {
        if (report.type === 'evaluation') steps.push(report.step);
        if (report.type !== 'progress') continue;
        if (isPaused) expect(steps.at(-1)).toBe(report.step);
        isPaused = report.step >= 3;
      }
      expect(steps).toContain(7);
    });
  }, ['cpu']);
});

describe('cutting a race', () => {
  const race = (arms: ExperimentConfigInput['arms'], seeds: number) =>
    configOf({ ...CASES['two fleets']!, arms, seeds });

  it('gives every run to one part, and each part its share of every fleet', () => {
    const config = race([{ sampler: 'vanilla' }, { sampler: 'best-of-n', n: 64 }, { sampler: 'pilaf' }], 8);
    for (const count of [1, 2, 3, 5]) {
      const parts = cutIntoParts(config, count);
      expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, i) => i));
      const many = parts.map((part) => part.filter((run) => run >= 8 && run < 16).length);
      expect(Math.max(...many) - Math.min(...many)).toBeLessThanOrEqual(1);
    }
    // No part is smaller than the largest run.
    expect(cutIntoParts(config, 100)).toHaveLength(16);
  });

  it('keeps the arms of a seed together where that costs little', () => {
    const config = race([{ sampler: 'vanilla' }, { sampler: 'pilaf' }], 4);
    expect(cutIntoParts(config, 2)).toEqual([
      [0, 2, 4, 6],
      [1, 3, 5, 7],
    ]);
    expect(cutIntoParts(race([{ sampler: 'vanilla' }, { sampler: 'pilaf' }], 1), 2)).toEqual([[0], [1]]);
  });
});
