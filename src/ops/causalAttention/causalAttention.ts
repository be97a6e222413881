import type * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import type { RowSets } from '../rowSets';
import { KEY_VALUE_GRADIENT, QUERY_GRADIENT } from './gradientKernels';
import { CAUSAL_ATTENTION } from './kernels';

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
  );
  return { out, statistics };
}

/** As in the forward pass, with first = 0 and T = L; every row has its set. */
export interface CausalAttentionGradient extends Omit<CausalAttention, 'first'> {
  readonly out: tf.Tensor2D; // [M·T, D]
  readonly dOut: tf.Tensor2D; // [M·T, D]
  /** What the forward pass kept of its softmax; the second slot is written. // [M·T, H, 2] */
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
  launch(QUERY_GRADIENT, { q, kv, out, dOut, starts, table, statistics, dq }, numbers);
  launch(KEY_VALUE_GRADIENT, { q, kv, dOut, statistics, starts, table, dkv }, numbers);
  return { dq, dkv };
}
