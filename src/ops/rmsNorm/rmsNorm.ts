import type * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import { RMS_NORM_GAIN_GRADIENT, RMS_NORM_INPUT_GRADIENT, RMS_NORM_RESIDUAL_GRADIENT } from './kernels';
import type { RowSets } from '../rowSets';

/**
 * Gradients of y = x·s ⊙ gain, s = 1/√(mean(x²) + ε), which read the positions skip … skip + count − 1 of each row:
 * in x, added to the gradient that goes past the norm, and in the gain, written in place of whatever `gradient` holds
 * there.
 *
 * @param options.dy // [M·count, D]
 * @param options.x // [M·T, D]
 * @param options.scale s // [M·count]
 * @param options.weights flat; the gain [D] lies at `offset` of each set // [S, N]
 * @param options.gradient written at the gain of every set // [sets of the rows, N]
 * @param options.residual added at all positions; null: nothing // [M·T, D]
 * @param options.rows the same number of them for every set
 * @returns // [M·T, D]
 */
export function rmsNormGradient({
  dy,
  x,
  scale,
  weights,
  offset,
  gradient,
  residual,
  rows: { capacity, tiles },
  skip,
}: {
  dy: tf.Tensor2D;
  x: tf.Tensor2D;
  scale: tf.Tensor1D;
  weights: tf.Tensor2D;
  offset: number;
  gradient: tf.Tensor2D;
  residual: tf.Tensor2D | null;
  rows: RowSets;
  skip: number;
}): tf.Tensor2D {
  const [positions, width] = x.shape;
  const [sets, stride] = gradient.shape;
  const dx = emptyTensor([positions, width]);
  const numbers = { WIDTH: width, stride, offset, tokens: positions / capacity, skip, count: scale.size / capacity };
  const tensors = { dy, x, scale, weights, tiles, dx };
  if (residual) launch(RMS_NORM_RESIDUAL_GRADIENT, { ...tensors, residual }, numbers);
  else launch(RMS_NORM_INPUT_GRADIENT, tensors, numbers);
  launch(RMS_NORM_GAIN_GRADIENT, { dy, x, scale, gradient }, { ...numbers, rows: capacity / sets });
  return dx;
}
