import * as tf from '@tensorflow/tfjs-core';
import { afterAll, expect, it } from 'vitest';
import { transformerPolicy } from '../../src/policy/transformerPolicy';
import { planCollection } from '../../src/training/collect';
import { Fleet } from '../../src/training/fleet';
import { beginStep, trainStep } from '../../src/training/round';
import { runsOf } from '../../src/training/run';
import { installCounters } from '../bench/counters';
import { forEachBackend } from '../support/backends';
import { configOf, TINY_SIZES, tinyTransformerTask } from '../support/tasks';

/**
 * What a training step asks of WebGPU. On a GPU the launches are most of what a small model costs, so they may not
 * depend on how many runs train side by side.
 */

// Before the device is made.
const counters = installCounters();
afterAll(() => counters.uninstall());

const SIZES = { ...TINY_SIZES, layers: 2 };
const LARGEST_FLEET = 6;

const config = configOf({
  task: { kind: 'reviews' }, // Only its name: the task is a smaller one.
  arms: [{ sampler: 'pilaf' }, { sampler: 'vanilla' }],
  seeds: LARGEST_FLEET / 2,
  beta: 0.1,
  learningRate: 1e-3,
  schedule: { steps: 20, pairs: 4 },
  optimiser: { clip: 1, weightDecay: 0.01 },
  evaluation: { every: 20, samples: 4 },
});

/** The first run is PILAF's, the others of a large fleet are of both kinds. */
const fleetOf = (runs: number) => new Fleet(tinyTransformerTask(SIZES), config, runsOf(config).slice(0, runs));

/** Launches of a whole step, and of it those after the completions are read; a step before it warms up. */
async function launchesOfStep(fleet: Fleet): Promise<{ whole: number; training: number }> {
  await trainStep(fleet, 0);
  counters.mark();
  const started = beginStep(fleet, 1);
  const { launches: sampling } = counters.since();
  await started.finish();
  const { launches: whole } = counters.since();
  return { whole, training: whole - sampling };
}

/** Launches of one token more. */
function launchesPerToken(fleet: Fleet): number {
  const { request } = planCollection(fleet, 0);
  const launchesOf = (completionLength: number) => {
    counters.mark();
    tf.tidy(() => {
      transformerPolicy({ ...SIZES, completionLength }).sample(fleet.weights, request);
    });
    return counters.since().launches;
  };
  const further = launchesOf(SIZES.completionLength) - launchesOf(SIZES.completionLength - 1);
  request.settings.dispose();
  return further;
}

forEachBackend(() => {
  it('decodes a token in as many launches for six runs as for one', () => {
    const found = [1, LARGEST_FLEET].map((runs) => {
      const fleet = fleetOf(runs);
      const launches = launchesPerToken(fleet);
      fleet.dispose();
      return launches;
    });
    expect(found[0]).toBeGreaterThan(0);
    expect(found[0]).toBeLessThanOrEqual(6 * SIZES.layers + 4);
    expect(found[1]).toBe(found[0]);
  });

  it('trains in as many launches for six runs as for one', async () => {
    const found = [];
    for (const runs of [1, LARGEST_FLEET]) {
      const fleet = fleetOf(runs);
      found.push(await launchesOfStep(fleet));
      fleet.dispose();
    }
    expect(found[0]!.training).toBeGreaterThan(0);
    expect(found[0]!.training).toBeLessThanOrEqual(120);
    expect(found[1]).toEqual(found[0]);
  });

  it('reads back once a step and holds no more memory after many steps', async () => {
    const fleet = fleetOf(LARGEST_FLEET);
    const steps: { readBacks: number; liveBytes: number; buffers: number; allocatedBytes: number }[] = [];
    for (let step = 0; step < 15; step++) {
      counters.mark();
      await trainStep(fleet, step);
      const { readBacks, liveBytes, buffers, allocatedBytes } = counters.since();
      steps.push({ readBacks, liveBytes, buffers, allocatedBytes });
    }
    fleet.dispose();
    expect(steps.map(({ readBacks }) => readBacks)).toEqual(steps.map(() => 1));
    const [early, late] = [steps[4]!, steps[14]!];
    expect(late.liveBytes).toBe(early.liveBytes);
    // Uploads are staged in buffers of their own, which are gone after the submit: as many at every step.
    expect(late.buffers).toBe(early.buffers);
    expect(late.allocatedBytes).toBe(early.allocatedBytes);
  });
}, ['webgpu']);
