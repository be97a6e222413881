import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import type { ExperimentConfigInput } from '../../src/experiment/config/schema';
import { partBytes } from '../../src/run/memory';
import { releaseSpare } from '../../src/runtime/memory';
import { runExperiment } from '../../src/training/runExperiment';
import { forEachBackend } from '../support/backends';
import { configOf, tinyTransformerTask } from '../support/tasks';

/** The reviews' sizes, but for the prompts. */
const SIZES = {
  vocabulary: 192,
  width: 64,
  layers: 2,
  heads: 4,
  hidden: 160,
  promptLength: 3,
  completionLength: 24,
};
const PROBLEM = tinyTransformerTask(SIZES);

const common = {
  task: { kind: 'reviews' }, // Only its name.
  arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
  seeds: 2,
  beta: 0.1,
  learningRate: 0.001,
  schedule: { steps: 1, pairs: 8 },
  evaluation: { every: 1, samples: 4 },
} satisfies ExperimentConfigInput;

const CASES: Record<string, ExperimentConfigInput> = {
  'training takes most': common,
  'sampling takes most': { ...common, arms: [{ sampler: 'best-of-n', n: 16 }] },
  'evaluation takes most': { ...common, schedule: { steps: 1, pairs: 1 }, evaluation: { every: 1, samples: 40 } },
};

/** The most bytes that tfjs held on its heap at once while `body` ran. */
async function peakBytes(body: () => Promise<void>): Promise<number> {
  const wasm = (tf.backend() as BackendWasm).wasm as unknown as {
    _malloc: (bytes: number) => number;
    _free: (address: number) => void;
  };
  wasm._free(wasm._malloc(8)); // emscripten's first calls put the real functions in their places
  const { _malloc: malloc, _free: free } = wasm;
  const sizes = new Map<number, number>();
  let held = 0;
  let peak = 0;
  wasm._malloc = (bytes) => {
    const address = malloc(bytes);
    sizes.set(address, bytes);
    held += bytes;
    peak = Math.max(peak, held);
    return address;
  };
  wasm._free = (address) => {
    held -= sizes.get(address) ?? 0;
    sizes.delete(address);
    free(address);
  };
  try {
    await body();
  } finally {
    Object.assign(wasm, { _malloc: malloc, _free: free });
  }
  return peak;
}

forEachBackend(() => {
  it.each(Object.entries(CASES))('an experiment holds what was said before it: %s', async (_, input) => {
    const config = configOf(input);
    const peak = await peakBytes(async () => {
      const reports = runExperiment(config, PROBLEM, { signal: new AbortController().signal });
      for await (const report of reports) expect(report.type).not.toBe('diverged');
    });
    const estimate = partBytes(config, PROBLEM, config.arms.length * config.seeds);
    expect(peak).toBeLessThan(estimate);
    expect(peak).toBeGreaterThan(0.8 * estimate);
  });
}, ['wasm']);

forEachBackend(() => {
  it('the GPU gets back what a race has left, and another race has the same numbers', async () => {
    const { bufferManager } = tf.backend() as WebGPUBackend;
    const task = tinyTransformerTask({
      ...SIZES,
      vocabulary: 20,
      width: 16,
      heads: 2,
      hidden: 24,
      completionLength: 4,
    });
    const config = configOf({ ...common, seeds: 1, schedule: { steps: 1, pairs: 2 } });
    const rewards = async () => {
      const found: number[] = [];
      for await (const report of runExperiment(config, task, { signal: new AbortController().signal })) {
        if (report.type === 'evaluation') found.push(...report.evaluations.map(({ evaluation }) => evaluation.reward));
      }
      return found;
    };
    const before = await rewards();
    expect(bufferManager.numBytesAllocated).toBeGreaterThan(0);
    const held = tf.tidy(() => tf.square(tf.tensor1d([1, 2, 3])));
    releaseSpare();
    expect([...(await held.data())]).toEqual([1, 4, 9]);
    expect(bufferManager.numBytesAllocated).toBeGreaterThan(0);
    held.dispose();
    releaseSpare();
    expect(bufferManager.numBytesAllocated).toBe(0);
    expect(await rewards()).toEqual(before);
  });
}, ['webgpu']);
