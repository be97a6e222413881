import { describe, expect, it } from 'vitest';
import { composedTransformerPolicy } from '../../src/policy/composed/composedPolicy';
import { Fleet } from '../../src/training/fleet';
import type { Task } from '../../src/training/task';
import { trainStep } from '../../src/training/round';
import { runsOf } from '../../src/training/run';
import { forEachBackend, useBackend } from '../support/backends';
import { expectNear } from '../support/numbers';
import { configOf, TINY_SIZES, tinyTransformerTask } from '../support/tasks';

/**
 * Fused kernels change nothing about learning: fifty steps of online DPO, sampling included, against the transformer in
 * stock ops on the plain CPU.
 */

const STEPS = 50;

/** Every kind of row: π_θ only, π_ref only, and interpolations of both; a pair count that needs filling up. */
const config = configOf({
  task: { kind: 'reviews' }, // Only its name: the task is a smaller one.
  arms: [{ sampler: 'vanilla' }, { sampler: 'hybrid' }, { sampler: 'pilaf', beta: 0.3, learningRate: 3e-3 }],
  seeds: 1,
  firstSeed: 3,
  beta: 0.1,
  learningRate: 3e-3,
  schedule: { steps: STEPS, pairs: 3 },
  optimiser: { clip: 1, weightDecay: 0.01 },
  evaluation: { every: STEPS, samples: 4 },
});

/** DPO losses of every run and step, as the diagnostics have them. // [STEPS·R] */
async function lossesOf(task: Task): Promise<number[]> {
  const fleet = new Fleet(task, config, runsOf(config));
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    await trainStep(fleet, step);
    for (const { diagnostics } of fleet.memories) {
      losses.push(diagnostics.means().loss!);
      diagnostics.forget();
    }
  }
  fleet.dispose();
  return losses;
}

let specified: Promise<number[]> | undefined;

describe('fused and composed forms', () => {
  forEachBackend((name) => {
    it('give the same losses over fifty steps', async () => {
      await useBackend('cpu');
      specified ??= lossesOf({ ...tinyTransformerTask(), policy: composedTransformerPolicy(TINY_SIZES) });
      const expected = await specified;
      await useBackend(name);
      const found = await lossesOf(tinyTransformerTask());
      expect(Math.min(...expected), 'something was learnt').toBeLessThan(0.6);
      expectNear(found, expected, 1e-3, 'losses');
    });
  });
});
