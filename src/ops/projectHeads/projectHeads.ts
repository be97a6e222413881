import type * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import { rowNumbers, type RowSets } from '../rowSets';
import { PROJECT_HEADS } from './kernels';

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
      ...offsets,
      ...rowNumbers(weights, positions, rows),
      first,
      length: kv.shape[1],
    },
  );
  return { q, scale };
}
