import type * as tf from '@tensorflow/tfjs-core';
import { launch } from '../device/launch';
import { termArguments, type Term } from '../inputGradient/terms';
import type { RowSets } from '../rowSets';
import { NORMED_WEIGHT_GRADIENTS, WEIGHT_GRADIENTS } from './kernels';

/** The norm before the products; its gain lies at the float offset `gain` of each set. */
export interface InputNorm {
  readonly scale: tf.Tensor1D; // [M·T]
  readonly weights: tf.Tensor2D; // [S, N]
  readonly gain: number;
}

/**
 * The gradients hᵀ·dy in the matrices that an input h went into, written in place of whatever `gradient` holds there.
 *
 * @param options.x h, or where there is a norm, what h = x·scale ⊙ gain comes from // [M·T, I]
 * @param options.terms one, two with a dy each, or three of which the last two share theirs (ARRANGEMENTS)
 * @param options.gradient written at every term's matrix [I, inner] of every set // [sets of the rows, N]
 * @param options.rows the same number of them for every set
 */
export function setWeightGradient({
  x,
  norm,
  terms,
  gradient,
  rows: { capacity },
}: {
  x: tf.Tensor2D;
  norm: InputNorm | null;
  terms: readonly Term[];
  gradient: tf.Tensor2D;
  rows: RowSets;
}): void {
  const [positions, width] = x.shape;
  const [sets, stride] = gradient.shape;
  if (capacity % sets !== 0) throw new Error(`${capacity} rows do not divide evenly among ${sets} sets`);
  const { arrangement, tensors, numbers } = termArguments(terms, positions);
  const kernels = norm ? NORMED_WEIGHT_GRADIENTS : WEIGHT_GRADIENTS;
  launch(
    kernels[arrangement]!,
    { x, ...tensors, ...(norm && { scale: norm.scale, weights: norm.weights }), gradient },
    { ...numbers, WIDTH: width, stride, positions: positions / sets, gain: norm?.gain ?? 0 },
  );
}
