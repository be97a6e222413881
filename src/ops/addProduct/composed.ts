import * as tf from '@tensorflow/tfjs-core';

/**
 * The specification in stock ops, for sets of equally many rows.
 *
 * @param x // [S, M, D]
 * @param y // [S, M, I]
 * @param w // [S, I, D]
 * @returns // [S, M, D]
 */
export const addProductComposed = (x: tf.Tensor3D, y: tf.Tensor3D, w: tf.Tensor3D): tf.Tensor3D =>
  tf.add(x, tf.matMul(y, w));
