import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable';
import { hasKernel, registerHostKernel, runKernel } from '../hostKernel';

const BASE = 10_000;

/**
 * Cosines and sines of rotary positions (Su et al. 2021), each repeated for both halves of a head.
 *
 * @returns two tensors  // [T, d]
 */
export function rotaryTables(first: number, count: number, headWidth: number): RotaryTables {
  const half = headWidth / 2;
  const angle = (t: number, i: number) => (first + t) * BASE ** ((-2 * (i % half)) / headWidth);
  const table = (f: (x: number) => number): tf.Tensor2D =>
    tf.tensor2d(
      Float32Array.from({ length: count * headWidth }, (_, i) => f(angle(Math.floor(i / headWidth), i % headWidth))),
      [count, headWidth],
    );
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

export interface RotaryTables {
  readonly cos: tf.Tensor2D; // [T, d]
  readonly sin: tf.Tensor2D; // [T, d]
}

const ROTARY = 'Rotary';

registerHostKernel<{ direction: number }>({
  name: ROTARY,
  inputs: ['x', 'cos', 'sin'],
  dtype: 'float32',
  shape: (shapes) => [...shapes[0]!],
  compute: ([x, cos, sin], { direction }, out) => {
    const [positions, width] = cos!.shape as [number, number];
    const half = width / 2;
    const values = x!.values as Float32Array;
    const [c, s] = [cos!.values as Float32Array, sin!.values as Float32Array];
    for (let row = 0; row < values.length; row += width) {
      const angle = ((row / width) % positions) * width;
      for (let i = 0; i < half; i++) {
        const first = values[row + i]!;
        const second = values[row + half + i]!;
        const turn = direction * s[angle + i]!;
        out[row + i] = first * c[angle + i]! - second * turn;
        out[row + half + i] = second * c[angle + i]! + first * turn;
      }
    }
  },
});

/** The specification in stock ops: x·cos + turned(x)·sin with turned(first, second) = (−second, first). */
export function rotaryComposed(x: tf.Tensor4D, { cos, sin }: RotaryTables): tf.Tensor4D {
  const [first, second] = tf.split(x, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
  return tf.add(tf.mul(x, cos), tf.mul(tf.concat([tf.neg(second), first], 3), sin));
}

/**
 * Rotates each head's pairs (i, i + d/2) by their position's angle; differentiable in x, the gradient being the
 * rotation back.
 *
 * @param x // [N, H, T, d]
 * @param tables from `rotaryTables` for the same T positions
 */
export function rotary(x: tf.Tensor4D, tables: RotaryTables): tf.Tensor4D {
  if (!hasKernel(ROTARY)) return rotaryComposed(x, tables);
  const { cos, sin } = tables;
  return differentiable([x], (save) => {
    save([cos, sin]);
    return {
      value: runKernel(ROTARY, { x, cos, sin }, { direction: 1 }),
      gradient: (dy, [c, s]) => [runKernel(ROTARY, { x: dy, cos: c!, sin: s! }, { direction: -1 })],
    };
  }) as tf.Tensor4D;
}
