import * as tf from '@tensorflow/tfjs-core';

/**
 * The specification in stock ops, for sets of equally many positions: Σ dy·Wᵀ.
 *
 * @param dys of every product // [S, P, inner]
 * @param matrices in the same order // [S, I, inner]
 * @returns // [S, P, I]
 */
export const inputGradientComposed = (dys: readonly tf.Tensor3D[], matrices: readonly tf.Tensor3D[]): tf.Tensor3D =>
  tf.addN(dys.map((dy, i) => tf.matMul(dy, matrices[i]!, false, true)));
