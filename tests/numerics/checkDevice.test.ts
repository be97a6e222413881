import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import type { ExperimentConfigInput } from '../../src/experiment/config/schema';
import { banditTask } from '../../src/training/banditTask';
import { checkDevice } from '../../src/training/checkDevice';
import { knownProductIsRight } from '../../src/training/knownProduct';
import { forEachBackend } from '../support/backends';
import { configOf, tinyTransformerTask } from '../support/tasks';

const common = {
  arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }, { sampler: 'best-of-n', n: 4 }],
  seeds: 6,
  beta: 1,
  learningRate: 0.01,
  schedule: { steps: 10, pairs: 32 },
  evaluation: { every: 10 },
} satisfies Omit<ExperimentConfigInput, 'task'>;
const CASES = {
  bandit() {
    const config = configOf({ ...common, task: { kind: 'bandit', prompts: 16, responses: 10 } });
    if (config.task.kind !== 'bandit') throw new Error('it is a bandit');
    return { config, task: banditTask(config.task) };
  },
  // Only its name: the task is a smaller one.
  transformer: () => ({
    config: configOf({ ...common, task: { kind: 'reviews' } }),
    task: tinyTransformerTask(),
  }),
};

describe.each(Object.entries(CASES))('the check of a device at an experiment’s size: %s', (_, prepare) => {
  forEachBackend(
    (name) => {
      it('passes a device that computes what the CPU does, and leaves it the current one', async () => {
        const { config, task } = prepare();
        await checkDevice(config, task);
        expect(tf.getBackend()).toBe(name);
      });
    },
    ['wasm', 'webgpu'],
  );
});

describe('the quick check', () => {
  forEachBackend(() => {
    it('passes what multiplies right', async () => expect(await knownProductIsRight()).toBe(true));
  });
  forEachBackend(() => {
    it('finds a GPU out that computes nothing any more', async () => {
      // eslint-disable-next-line @typescript-eslint/unbound-method -- it is given back below
      const plain = GPUComputePassEncoder.prototype.dispatchWorkgroups;
      GPUComputePassEncoder.prototype.dispatchWorkgroups = () => undefined;
      try {
        expect(await knownProductIsRight()).toBe(false);
      } finally {
        GPUComputePassEncoder.prototype.dispatchWorkgroups = plain;
      }
    });
  }, ['webgpu']);
});

describe('a GPU that drops what is large', () => {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called on its pass below
  const plain = GPUComputePassEncoder.prototype.dispatchWorkgroups;
  afterEach(() => {
    GPUComputePassEncoder.prototype.dispatchWorkgroups = plain;
  });

  forEachBackend(() => {
    it.each(Object.entries(CASES))('is found out: %s', async (_, prepare) => {
      const { config, task } = prepare();
      GPUComputePassEncoder.prototype.dispatchWorkgroups = function (x, y = 1, z = 1) {
        if (x * y * z <= 16) plain.call(this, x, y, z);
      };
      await expect(checkDevice(config, task)).rejects.toThrow(/wrong numbers at this experiment’s size/);
    });

    it.each(Object.entries(CASES))('is found out where only sampling is that large: %s', async (_, prepare) => {
      const { config, task } = prepare();
      const small = { ...config, schedule: { ...config.schedule, pairs: 1 } };
      let largest = 0;
      const watch = (limit: number) =>
        function (this: GPUComputePassEncoder, x: number, y = 1, z = 1) {
          largest = Math.max(largest, x * y * z);
          return x * y * z <= limit ? plain.call(this, x, y, z) : undefined;
        };
      GPUComputePassEncoder.prototype.dispatchWorkgroups = watch(Infinity);
      await checkDevice({ ...small, evaluation: { ...small.evaluation, samples: 2 } }, task);
      const trained = largest;
      // Now only sampling launches more than that.
      GPUComputePassEncoder.prototype.dispatchWorkgroups = watch(trained);
      const check = checkDevice({ ...small, evaluation: { ...small.evaluation, samples: 1024 } }, task);
      await expect(check).rejects.toThrow(/wrong numbers at this experiment’s size/);
      expect(largest).toBeGreaterThan(trained);
    });

    it.each(Object.entries(CASES))('or goes wrong after it was right: %s', async (_, prepare) => {
      const { config, task } = prepare();
      await checkDevice(config, task);
      GPUComputePassEncoder.prototype.dispatchWorkgroups = () => undefined;
      await expect(checkDevice(config, task)).rejects.toThrow(/wrong numbers at this experiment’s size/);
    });
  }, ['webgpu']);
});
