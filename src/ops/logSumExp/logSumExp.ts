import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable';
import { hasKernel, registerHostKernel, runKernel } from '../hostKernel';
import { registerThreadKernel } from '../threadKernel';
import { logSumExpOfRow, logSumExpWgsl } from './rows';

const FORWARD = 'FleetLogSumExp';
const BACKWARD = 'FleetLogSumExpGradient';

const forward = {
  name: FORWARD,
  inputs: ['x'],
  dtype: 'float32',
  shape: ([x]: readonly (readonly number[])[]) => x!.slice(0, 2),
} as const;

const backward = {
  name: BACKWARD,
  inputs: ['x', 'total', 'dy'],
  dtype: 'float32',
  shape: ([x]: readonly (readonly number[])[]) => [...x!],
} as const;

registerHostKernel({
  ...forward,
  compute: ([x], _attributes, out) => {
    const count = x!.shape[2]!;
    for (let i = 0; i < out.length; i++) out[i] = logSumExpOfRow(x!.values as Float32Array, i * count, count);
  },
});

registerHostKernel({
  ...backward,
  compute: ([x, total, dy], _attributes, out) => {
    const count = x!.shape[2]!;
    const [values, totals, slopes] = [x, total, dy].map((tensor) => tensor!.values as Float32Array);
    for (let i = 0; i < totals!.length; i++) {
      for (let v = i * count; v < (i + 1) * count; v++) out[v] = slopes![i]! * Math.exp(values![v]! - totals![i]!);
    }
  },
});

registerThreadKernel({
  ...forward,
  code: /* wgsl */ `
${logSumExpWgsl('x')}
fn compute(index: i32) {
  let total = logSumExpOfRow(index * uniforms.xShape[2], uniforms.xShape[2]);
  result[index] = total.x + total.y;
}`,
});

registerThreadKernel({
  ...backward,
  code: /* wgsl */ `
fn compute(index: i32) {
  let row = index / uniforms.xShape[2];
  result[index] = dy[row] * exp(x[index] - total[row]);
}`,
});

/** The specification in stock ops. */
export const logSumExpComposed = (x: tf.Tensor3D): tf.Tensor2D => tf.logSumExp(x, 2) as tf.Tensor2D;

/**
 * log Σ exp over the last axis; differentiable.
 *
 * @param x // [W, B, K]
 * @returns // [W, B]
 */
export function logSumExp(x: tf.Tensor3D): tf.Tensor2D {
  if (!hasKernel(FORWARD)) return logSumExpComposed(x);
  return differentiable([x], (save) => {
    const total = runKernel(FORWARD, { x });
    save([x, total]);
    return {
      value: total,
      gradient: (dy, [keptX, keptTotal]) => [runKernel(BACKWARD, { x: keptX!, total: keptTotal!, dy })],
    };
  }) as tf.Tensor2D;
}
