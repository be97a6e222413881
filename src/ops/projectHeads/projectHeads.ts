import * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import { rmsNormComposed } from '../rmsNorm/rmsNorm';
import type { RowSets } from '../rowSets';
import { PROJECT_HEADS } from './kernel';
import { rotateComposed } from './rotation';

export { rotaryTable, rotateComposed } from './rotation';

/** One layer's parameters before its attention, by set. */
export interface HeadParameters {
  readonly gain: tf.Tensor2D; // [S, D]
  readonly query: tf.Tensor3D; // [S, D, D]
  readonly key: tf.Tensor3D; // [S, D, D]
  readonly value: tf.Tensor3D; // [S, D, D]
}

/**
 * The specification in stock ops, for sets of equally many rows.
 *
 * @param x // [S, P, D]
 * @param table of the T positions  // [T, d]
 * @returns each  // [M, H, T, d]
 */
export function projectHeadsComposed(
  x: tf.Tensor3D,
  { gain, query, key, value }: HeadParameters,
  table: tf.Tensor2D,
  heads: number,
): { q: tf.Tensor4D; k: tf.Tensor4D; v: tf.Tensor4D } {
  const [sets, perSet, width] = x.shape;
  const tokens = table.shape[0];
  const normed = rmsNormComposed(x, gain);
  const project = (matrix: tf.Tensor3D): tf.Tensor4D => {
    const projected = tf.matMul(normed, matrix);
    return tf.transpose(tf.reshape(projected, [(sets * perSet) / tokens, tokens, heads, width / heads]), [0, 2, 1, 3]);
  };
  return { q: rotateComposed(project(query), table), k: rotateComposed(project(key), table), v: project(value) };
}

export interface ProjectHeads {
  readonly x: tf.Tensor2D; // [M·T, D]
  /** Keys (0) and values (1) of every position; written in place at first … first + T − 1. // [M, L, 2, D] */
  readonly kv: tf.Tensor4D;
  /** From `rotaryTable`. // [L, d] */
  readonly table: tf.Tensor2D;
  readonly weights: tf.Tensor2D; // [S, N]
  /** Where the norm's gain [D] and the three matrices [D, D] lie in each set. */
  readonly offsets: Readonly<Record<'gain' | 'query' | 'key' | 'value', number>>;
  readonly rows: RowSets;
  /** d = D/H is a multiple of 8. */
  readonly heads: number;
  /** Position of the first of the T tokens. */
  readonly first: number;
}

/**
 * RMSNorm (Zhang and Sennrich 2019), the projections to queries, keys and values, and rotary positions on the first two,
 * in one launch.
 *
 * @returns rotated queries [M·T, D], and 1/√(mean(x²) + 10⁻⁵) of every position [M·T]
 */
export function projectHeads({ x, kv, table, weights, offsets, rows, heads, first }: ProjectHeads): {
  q: tf.Tensor2D;
  scale: tf.Tensor1D;
} {
  const [positions, width] = x.shape;
  const q = emptyTensor([positions, width]);
  const scale = emptyTensor([positions]);
  launch(
    PROJECT_HEADS,
    { x, table, weights, tiles: rows.tiles, q, kv, scale },
    {
      WIDTH: width,
      HEADS: heads,
      stride: weights.shape[1],
      ...offsets,
      tokens: positions / rows.capacity,
      first,
      length: kv.shape[1],
    },
    (positions / 4) * ((3 * width) / 8),
  );
  return { q, scale };
}
