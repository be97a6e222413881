import type * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import { rowNumbers, type RowSets } from '../rowSets';
import { ADD_PRODUCT } from './kernels';

/**
 * x + y·W: a branch's projection back into the residual stream, each row by its own set's matrix.
 *
 * @param x // [M·T, D]
 * @param y // [M·T, I]
 * @param weights flat; the matrix [I, D] lies at `offset` of each set  // [S, N]
 * @returns // [M·T, D]
 */
export function addProduct(
  x: tf.Tensor2D,
  y: tf.Tensor2D,
  weights: tf.Tensor2D,
  offset: number,
  rows: RowSets,
): tf.Tensor2D {
  const [positions, width] = x.shape;
  const result = emptyTensor([positions, width]);
  launch(
    ADD_PRODUCT,
    { x, y, weights, tiles: rows.tiles, result },
    { INNER: y.shape[1], WIDTH: width, offset, ...rowNumbers(weights, positions, rows) },
  );
  return result;
}
