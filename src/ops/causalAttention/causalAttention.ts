import * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import type { RowSets } from '../rowSets';
import { KEY_VALUE_GRADIENT, QUERY_GRADIENT } from './gradientKernels';
import { CAUSAL_ATTENTION } from './kernel';

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

export interface CausalAttention {
  /** Rotated. // [M·T, D] */
  readonly q: tf.Tensor2D;
  /** Rotated keys (0) and values (1) of every position up to first + T − 1. // [M, L, 2, D] */
  readonly kv: tf.Tensor4D;
  /** The first real position of each left-padded row. // int32 [M] */
  readonly starts: tf.Tensor1D;
  readonly rows: RowSets;
  readonly heads: number;
  /** Position of the first of the T queries. */
  readonly first: number;
}

/**
 * softmax(q·k/√d)·v over the keys from a row's start to the query's own position. A query before its row's start sees
 * nothing: 0.
 *
 * @returns out [M·T, D]; statistics [M·T, H, 2]: log Σ exp of the scores, and room for the gradient
 */
export function causalAttention({ q, kv, starts, rows, heads, first }: CausalAttention): {
  out: tf.Tensor2D;
  statistics: tf.Tensor3D;
} {
  const [positions, width] = q.shape;
  const out = emptyTensor([positions, width]);
  const statistics = emptyTensor([positions, heads, 2]);
  launch(
    CAUSAL_ATTENTION,
    { q, kv, starts, tiles: rows.tiles, result: out, statistics },
    { HEADS: heads, HEAD: width / heads, tokens: positions / rows.capacity, first, length: kv.shape[1] },
    positions * heads,
  );
  return { out, statistics };
}

/** As in the forward pass, with first = 0 and T = L; every row has its set. */
export interface CausalAttentionGradient extends Omit<CausalAttention, 'first'> {
  readonly out: tf.Tensor2D; // [M·T, D]
  readonly dOut: tf.Tensor2D; // [M·T, D]
  /** Of the forward pass; the second slot is written. // [M·T, H, 2] */
  readonly statistics: tf.Tensor3D;
  /** From `rotaryTable`. // [T, d] */
  readonly table: tf.Tensor2D;
}

/**
 * Gradients with respect to the queries and keys before their rotation, and to the values; 0 before a row's start.
 *
 * @returns dq [M·T, D]; dkv [M·T, 2, D], of keys (0) and values (1)
 */
export function causalAttentionGradient({
  q,
  kv,
  out,
  dOut,
  statistics,
  starts,
  table,
  rows,
  heads,
}: CausalAttentionGradient): { dq: tf.Tensor2D; dkv: tf.Tensor3D } {
  const [positions, width] = q.shape;
  const dq = emptyTensor([positions, width]);
  const dkv = emptyTensor([positions, 2, width]);
  const numbers = { HEADS: heads, HEAD: width / heads, tokens: positions / rows.capacity };
  launch(QUERY_GRADIENT, { q, kv, out, dOut, starts, table, statistics, dq }, numbers, positions * heads);
  launch(KEY_VALUE_GRADIENT, { q, kv, dOut, statistics, starts, table, dkv }, numbers, positions * heads);
  return { dq, dkv };
}
