import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { ExperimentConfig } from '../../src/experiment/config/schema';
import { banditTask } from '../../src/training/banditTask';
import { Fleet } from '../../src/training/fleet';
import type { Task } from '../../src/training/task';
import type { Report } from '../../src/training/reports';
import { trainStep } from '../../src/training/round';
import { runsOf, type Run } from '../../src/training/run';
import { runExperiment } from '../../src/training/runExperiment';
import { forEachBackend, useBackend } from '../support/backends';
import { expectNear, TOLERANCE } from '../support/numbers';
import { configOf, tinyTransformerTask } from '../support/tasks';

interface Case {
  readonly config: ExperimentConfig;
  readonly task: Task;
}

/** β and learning rate differ between arms, tables between seeds, and T-PILAF's gates are at work. */
function bandit(): Case {
  const config = configOf({
    task: { kind: 'bandit', prompts: 3, responses: 5 },
    arms: [
      { sampler: 'vanilla' },
      { sampler: 'pilaf', beta: 0.5, learningRate: 0.1 },
      { sampler: 't-pilaf', weighted: true, alpha: 0.8 },
      { sampler: 'uniform', learningRate: 0.01 },
    ],
    seeds: 2,
    beta: 1,
    learningRate: 0.05,
    schedule: { steps: 5, pairs: 8 },
    optimiser: { weightDecay: 0.01, clip: 0.5 },
    evaluation: { every: 5 },
  });
  if (config.task.kind !== 'bandit') throw new Error('not a bandit');
  return { config, task: banditTask(config.task) };
}

function transformer(): Case {
  const config = configOf({
    task: { kind: 'reviews' }, // Only its name: the task is a smaller one.
    arms: [{ sampler: 'hybrid' }, { sampler: 'pilaf', beta: 0.3, learningRate: 3e-3 }],
    seeds: 1,
    firstSeed: 3,
    beta: 0.1,
    learningRate: 1e-2,
    schedule: { steps: 5, pairs: 4 },
    optimiser: { clip: 1 },
    evaluation: { every: 5, samples: 4 },
  });
  return { config, task: tinyTransformerTask() };
}

const CASES: readonly (readonly [name: string, make: () => Case])[] = [
  ['a bandit', bandit],
  ['a transformer', transformer],
];

/** Weights of each run after some steps, and the tokens of their last pairs. */
async function train({ config, task }: Case, runs: readonly Run[], steps = 5) {
  const fleet = new Fleet(task, config, runs);
  for (let step = 0; step < steps; step++) await trainStep(fleet, step);
  const weights = await fleet.readWeights();
  const results = fleet.memories.map(({ latest, divergedAt }, r) => ({
    weights: weights[r]!,
    pairs: latest!.pairs.map(({ prompt, chosen, rejected }) => [prompt, chosen.ids, rejected.ids]),
    divergedAt,
  }));
  fleet.dispose();
  return results;
}

async function collect(reports: AsyncGenerator<Report, void>): Promise<Report[]> {
  const all: Report[] = [];
  for await (const report of reports) all.push(report);
  return all;
}

const control = () => ({ signal: new AbortController().signal });

describe.each(CASES)('a fleet of %s', (_, make) => {
  forEachBackend((name) => {
    it('gives each run the numbers that it has alone', async () => {
      const test = make();
      const runs = runsOf(test.config);
      const together = await train(test, runs);
      for (const [r, run] of runs.entries()) {
        // On a GPU in software every launch counts: the ends of the fleet will do.
        if (name === 'webgpu' && r > 0 && r < runs.length - 1) continue;
        const [alone] = await train(test, [run]);
        expect(together[r]!.pairs, `${run.arm}, seed ${run.seed}`).toEqual(alone!.pairs);
        expectNear(together[r]!.weights, alone!.weights, 1e-5, `${run.arm}, seed ${run.seed}`);
      }
    });

    it('lets a diverging run harm none of the others', async () => {
      const test = make();
      const runs = runsOf(test.config);
      const healthy = await train(test, runs, 3);
      const sick = await train(
        test,
        runs.map((run, r) => (r === 1 ? { ...run, learningRate: 1e38 } : run)),
        3,
      );
      expect(sick[1]!.divergedAt).not.toBeNull();
      for (const r of runs.keys()) {
        if (r === 1) continue;
        expect(sick[r]!.divergedAt).toBeNull();
        expect(sick[r]!.pairs).toEqual(healthy[r]!.pairs);
        expect(sick[r]!.weights, `run ${r}`).toEqual(healthy[r]!.weights);
      }
    });

    it('repeats itself: same config, seed and backend, same hashes; another seed, others', async () => {
      const { config, task } = make();
      const hashes = async (firstSeed: number) => {
        const short = { ...config, firstSeed, seeds: 1, schedule: { ...config.schedule, steps: 2 } };
        const reports = await collect(runExperiment(short, task, control()));
        const last = reports[reports.length - 1]!;
        if (last.type !== 'finished') throw new Error(`the last report is ${last.type}`);
        expect(last.runs.map((run) => run.status)).toEqual(config.arms.map(() => 'complete'));
        return last.runs.map((run) => run.hash);
      };
      const first = await hashes(1);
      expect(new Set(first).size).toBe(config.arms.length);
      expect(await hashes(1)).toEqual(first);
      const other = await hashes(2);
      expect(other.filter((hash, i) => hash === first[i])).toEqual([]);
    });

    it('holds as many tensors after five steps as after two', async () => {
      const { config, task } = make();
      const fleet = new Fleet(task, config, runsOf(config));
      const held: { tensors: number; bytes: number }[] = [];
      for (let step = 0; step < 5; step++) {
        await trainStep(fleet, step);
        const { numTensors, numBytes } = tf.memory();
        held.push({ tensors: numTensors, bytes: numBytes });
      }
      fleet.dispose();
      expect(held.slice(1)).toEqual(held.slice(0, 4));
    });

    it('frees everything when nobody wants more reports', async () => {
      const { config, task } = make();
      const before = tf.memory().numTensors;
      for await (const report of runExperiment(config, task, control())) {
        if (report.type === 'progress' && report.step === 1) break;
      }
      expect(tf.memory().numTensors).toBe(before);
    });

    it('agrees with the plain CPU over five steps', async () => {
      const test = make();
      const runs = runsOf(test.config);
      const found = await train(test, runs);
      await useBackend('cpu');
      const expected = await train(test, runs);
      await useBackend(name);
      for (const r of runs.keys()) {
        expect(found[r]!.pairs).toEqual(expected[r]!.pairs);
        expectNear(found[r]!.weights, expected[r]!.weights, TOLERANCE[name], `run ${r}`);
      }
    });
  });
});

describe('a fleet', () => {
  forEachBackend(() => {
    it('trains each run at its own learning rate and β', async () => {
      const test = bandit();
      const base = runsOf(test.config)[0]!;
      const start = test.task.referenceWeights(base.seed);
      const runs = [base, { ...base, learningRate: 0.5 }, { ...base, beta: 3 }, { ...base, learningRate: 0 }];
      const [usual, fast, strict, idle] = await train(test, runs, 1);
      const moved = (weights: Float32Array) => Math.max(...weights.map((w, i) => Math.abs(w - start[i]!)));
      // Adam's first step is the learning rate; weight decay adds a little.
      expect(moved(usual!.weights)).toBeGreaterThan(0.049);
      expect(moved(usual!.weights)).toBeLessThan(0.052);
      expect(moved(fast!.weights) / moved(usual!.weights)).toBeCloseTo(10, 4);
      expect(idle!.weights).toEqual(start);
      // At the start every margin is 0 and β only scales the gradient, which Adam does not see; later it does.
      expectNear(strict!.weights, usual!.weights, 1e-6);
      const [later, strictLater] = await train(
        test,
        runs.slice(0, 3).filter((_, r) => r !== 1),
        4,
      );
      expect(later!.weights).not.toEqual(strictLater!.weights);
    });

    it('reports a run that diverges and finishes the others', async () => {
      const { config, task } = bandit();
      const sick: Task = {
        ...task,
        // Seed 1's reference is not a number.
        referenceWeights: (seed) => task.referenceWeights(seed).map((w) => (seed === 1 ? NaN : w)),
      };
      const reports = await collect(runExperiment(config, sick, control()));
      const diverged = reports.flatMap((report) => (report.type === 'diverged' ? [report.run] : []));
      const sickRuns = runsOf(config).flatMap((run) => (run.seed === 1 ? [run.index] : []));
      expect(diverged).toEqual(sickRuns);
      const last = reports[reports.length - 1]!;
      if (last.type !== 'finished') throw new Error(`the last report is ${last.type}`);
      expect(last.runs.map((run) => run.status)).toEqual(
        runsOf(config).map((run) => (run.seed === 1 ? 'diverged' : 'complete')),
      );
    });
  }, ['cpu']);
});
