import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { selfTest } from '../../src/runtime/selfTest';
import { forEachBackend, useBackend } from '../support/backends';

/** Lets a kernel of the current backend spoil its result while `body` runs. */
async function withSpoiled(name: string, spoil: (x: tf.Tensor) => tf.Tensor, body: () => Promise<void>) {
  const backendName = tf.getBackend();
  const kernel = tf.getKernel(name, backendName);
  tf.unregisterKernel(name, backendName);
  const kernelFunc: tf.KernelFunc = (call) => {
    const info = kernel.kernelFunc(call) as tf.TensorInfo;
    return spoil(tf.engine().makeTensorFromTensorInfo(info));
  };
  tf.registerKernel({ ...kernel, kernelFunc });
  try {
    await body();
  } finally {
    await useBackend(backendName as 'wasm' | 'webgpu');
    tf.unregisterKernel(name, backendName);
    tf.registerKernel(kernel);
  }
}

describe('the self-test', () => {
  forEachBackend(
    (name) => {
      it('passes a backend that computes what the CPU does', async () => {
        await selfTest(name);
        expect(tf.getBackend()).toBe(name);
      });

      it.each([
        ['a little off', (x: tf.Tensor) => tf.mul(x, 1.01)],
        ['NaN', (x: tf.Tensor) => tf.mul(x, NaN)],
        ['NaN in one place', (x: tf.Tensor) => tf.where(tf.equal(x, tf.max(x)), tf.fill(x.shape, NaN), x)],
      ])('refuses one whose log-probs are %s', async (_, spoil) => {
        await withSpoiled(
          'TokenLogProbGradient',
          (x) => tf.tidy(() => spoil(x)),
          async () => {
            await expect(selfTest(name)).rejects.toThrow(/wrong numbers/);
          },
        );
        tf.disposeVariables();
      });
    },
    ['wasm', 'webgpu'],
  );
});
