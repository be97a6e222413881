import * as tf from '@tensorflow/tfjs-core';

export const RMS_EPSILON = 1e-5;

/**
 * x / √(mean(x²) + 10⁻⁵) ⊙ gain over the last axis (Zhang and Sennrich 2019), in stock ops. Our kernels have it as the
 * first part of what follows it.
 *
 * @param x // [S, M, D]
 * @param gain // [S, D]
 * @returns // [S, M, D]
 */
export function rmsNormComposed(x: tf.Tensor3D, gain: tf.Tensor2D): tf.Tensor3D {
  const scale = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), RMS_EPSILON));
  return tf.mul(tf.mul(x, scale), tf.expandDims(gain, 1));
}
