import * as tf from '@tensorflow/tfjs-core';

/**
 * The specification in stock ops of one of the products, for sets of equally many positions: hᵀ·dy, with h as it is
 * behind the norm.
 *
 * @param h // [S, P, I]
 * @param dy // [S, P, inner]
 * @returns // [S, I, inner]
 */
export const weightGradientComposed = (h: tf.Tensor3D, dy: tf.Tensor3D): tf.Tensor3D => tf.matMul(h, dy, true, false);
