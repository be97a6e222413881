import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { BackendName } from './backends';

/** Largest relative error that a backend may show against float64. */
export const TOLERANCE: Readonly<Record<BackendName, number>> = { cpu: 1e-5, wasm: 1e-4, webgpu: 1e-4 };

/** Reads a tensor and disposes it. */
export async function take(tensor: tf.Tensor): Promise<Float32Array> {
  const values = await tensor.data();
  tensor.dispose();
  return values as Float32Array;
}

/** Smooth, sign-changing numbers between −1 and 1; any fixed ones would do. */
export const wave = (count: number, phase = 0): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(0.7 * i + phase));

export interface RelativeErrors {
  /** Largest difference over the largest expected value. */
  readonly max: number;
  /** 2-norm of the difference over that of the expected values. */
  readonly norm: number;
}

/** NaN where either side holds one, so that no comparison passes. */
export function relativeErrors(actual: ArrayLike<number>, expected: ArrayLike<number>): RelativeErrors {
  let difference = 0;
  let size = 0;
  let squaredDifference = 0;
  let squaredSize = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i]! - expected[i]!);
    difference = d > difference || Number.isNaN(d) ? d : difference;
    size = Math.max(size, Math.abs(expected[i]!));
    squaredDifference += d * d;
    squaredSize += expected[i]! ** 2;
  }
  // All zeros expected: the differences count as they are.
  return { max: difference / (size || 1), norm: Math.sqrt(squaredDifference / (squaredSize || 1)) };
}

/** Both relative errors within the tolerance. */
export function expectNear(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = 'values',
): void {
  expect(actual.length, `${what}: count`).toBe(expected.length);
  const { max, norm } = relativeErrors(actual, expected);
  expect(max, `${what}: largest difference over largest value`).toBeLessThanOrEqual(tolerance);
  expect(norm, `${what}: 2-norm of the difference over that of the values`).toBeLessThanOrEqual(tolerance);
}

/**
 * tf's gradient of Σ out ⊙ weights with respect to one input, and the same by central differences. The differences
 * are formed in float64 from the op's float32 outputs, so they are good to about 1e-4.
 */
export async function gradientAndDifferences(
  op: (x: tf.Tensor) => tf.Tensor,
  shape: readonly number[],
  values: Float32Array,
): Promise<{ gradient: Float32Array; differences: Float64Array }> {
  const input = (x: Float32Array) => tf.tensor(x, [...shape], 'float32');
  const outputs = async (x: Float32Array) => take(tf.tidy(() => op(input(x))));
  const size = (await outputs(values)).length;
  const weights = wave(size, 0.3);
  const gradient = await take(
    tf.tidy(() =>
      tf.grad((x) => {
        const out = op(x);
        return tf.sum(tf.mul(out, tf.tensor(weights, out.shape)));
      })(input(values)),
    ),
  );
  const STEP = 1 / 64;
  const differences = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const shifted = (by: number) => values.map((x, j) => (j === i ? x + by : x));
    const above = await outputs(shifted(STEP));
    const below = await outputs(shifted(-STEP));
    differences[i] = weights.reduce((sum, w, j) => sum + w * (above[j]! - below[j]!), 0) / (2 * STEP);
  }
  return { gradient, differences };
}
