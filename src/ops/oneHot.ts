import * as tf from '@tensorflow/tfjs-core';

/**
 * Rows of zeros with a one; tfjs' own form refuses a depth of 1.
 *
 * @param ids int32, each 0 … depth − 1  // [R, B]
 * @returns // [R, B, depth]
 */
export const oneHot = (ids: tf.Tensor2D, depth: number): tf.Tensor3D =>
  depth === 1 ? tf.ones([...ids.shape, 1]) : tf.cast(tf.oneHot(ids, depth) as tf.Tensor3D, 'float32');
