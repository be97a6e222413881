import * as tf from '@tensorflow/tfjs-core';

/** Added to a masked score. Not −∞, which WGSL may assume away. */
const MASKED = -1e9;

/**
 * Which of the positions 0 … first + T − 1 each of the last T of them sees: from its row's start to itself.
 *
 * @param starts int32, the first real position of each row  // [M]
 * @param first position of the first query
 * @param count T
 * @returns 0 where a query may look, MASKED elsewhere  // [M, 1, T, first + T]
 */
export function causalMask(starts: tf.Tensor1D, first: number, count: number): tf.Tensor4D {
  const keys = tf.range(0, first + count, 1, 'int32');
  const queries = tf.range(first, first + count, 1, 'int32');
  const later = tf.greater(keys, tf.expandDims(queries, 1)); // [T, first + T]
  const padding = tf.less(keys, tf.reshape(starts, [-1, 1, 1, 1])); // [M, 1, 1, first + T]
  return tf.mul(tf.cast(tf.logicalOr(later, padding), 'float32'), MASKED);
}

/**
 * Scaled dot-product attention in stock ops, softmax(q·kᵀ/√d + mask)·v.
 *
 * @param q // [M, H, Tq, d]
 * @param k // [M, H, Tk, d]
 * @param v // [M, H, Tk, d]
 * @param mask broadcast over heads  // [M, 1, Tq, Tk]
 * @returns // [M, H, Tq, d]
 */
export function maskedAttentionComposed(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  mask: tf.Tensor4D,
): tf.Tensor4D {
  const scores = tf.div(tf.matMul(q, k, false, true), Math.sqrt(q.shape[3]));
  return tf.matMul(tf.softmax(tf.add(scores, mask)), v) as tf.Tensor4D;
}

/**
 * The specification in stock ops, for whole sequences. What a query before its row's start gets here has no meaning.
 *
 * @param q // [M, H, T, d]
 * @param k // [M, H, T, d]
 * @param v // [M, H, T, d]
 * @param starts int32  // [M]
 * @returns // [M, H, T, d]
 */
export const causalAttentionComposed = (
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  starts: tf.Tensor1D,
): tf.Tensor4D => maskedAttentionComposed(q, k, v, causalMask(starts, 0, q.shape[2]));
