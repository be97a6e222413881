import * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import type { RowSets } from '../rowSets';
import { ADD_PRODUCT } from './kernel';

/**
 * The specification in stock ops, for sets of equally many rows.
 *
 * @param x // [S, M, D]
 * @param y // [S, M, I]
 * @param w // [S, I, D]
 * @returns // [S, M, D]
 */
export const addProductComposed = (x: tf.Tensor3D, y: tf.Tensor3D, w: tf.Tensor3D): tf.Tensor3D =>
  tf.add(x, tf.matMul(y, w));

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
  { capacity, tiles }: RowSets,
): tf.Tensor2D {
  const [positions, width] = x.shape;
  const result = emptyTensor([positions, width]);
  launch(
    ADD_PRODUCT,
    { x, y, weights, tiles, result },
    { INNER: y.shape[1], WIDTH: width, stride: weights.shape[1], offset, tokens: positions / capacity },
    (positions / 4) * (width / 4),
  );
  return result;
}
