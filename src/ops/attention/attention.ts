import * as tf from '@tensorflow/tfjs-core';
import { batchMatMul } from '../batchMatMul/batchMatMul';
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
  const [n, heads, queries, width] = q.shape;
  const keys = k.shape[2];
  const flat = (x: tf.Tensor4D, length: number): tf.Tensor3D => tf.reshape(x, [n * heads, length, width]);
  const scaled = tf.mul(q, 1 / Math.sqrt(width));
  const scores = batchMatMul(flat(scaled as tf.Tensor4D, queries), flat(k, keys), true);
  const weights = maskedSoftmax(tf.reshape(scores, [n, heads, queries, keys]), mask);
  return tf.reshape(batchMatMul(tf.reshape(weights, [n * heads, queries, keys]), flat(v, keys)), [
    n,
    heads,
    queries,
    width,
  ]);
}
