import * as tf from '@tensorflow/tfjs-core';
import { maskedSoftmax } from '../maskedSoftmax/maskedSoftmax';

/** Added to a masked score. Not −∞, which WGSL may assume away. */
export const MASKED = -1e9;

/**
 * Scaled dot-product attention, softmax(q·kᵀ/√d + mask)·v.
 *
 * @param q // [N, H, Tq, d]
 * @param k // [N, H, Tk, d]
 * @param v // [N, H, Tk, d]
 * @param mask 0 where a query may look, MASKED elsewhere; broadcast over heads  // [N, 1, Tq, Tk]
 * @returns // [N, H, Tq, d]
 */
export function attention(q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D, mask: tf.Tensor4D): tf.Tensor4D {
  const scaled = tf.mul(q, 1 / Math.sqrt(q.shape[3]));
  const scores = tf.matMul(scaled, k, false, true) as tf.Tensor4D;
  return tf.matMul(maskedSoftmax(scores, mask), v) as tf.Tensor4D;
}
