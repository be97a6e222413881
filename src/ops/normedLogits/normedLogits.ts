import type * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import { rowNumbers, type RowSets } from '../rowSets';
import { LOGITS_GRADIENT, NORMED_LOGITS, UNEMBEDDING_GRADIENT } from './kernels';

/** Where the last norm's gain [D] and the table of embeddings [V, D] lie in each set. */
export interface HeadOffsets {
  readonly gain: number;
  readonly embedding: number;
}

/**
 * The last norm and the output layer, which is tied to the table of embeddings (Press and Wolf 2017):
 * (rmsNorm(x) ⊙ gain)·Eᵀ after the positions skip … skip + count − 1 of each row.
 *
 * @param options.x // [M·T, D]
 * @param options.weights flat // [S, N]
 * @param options.vocabulary V
 * @returns logits [M·count, V], and the norm's scale 1/√(mean(x²) + ε) [M·count]
 */
export function normedLogits({
  x,
  weights,
  offsets,
  vocabulary,
  rows,
  skip,
  count,
}: {
  x: tf.Tensor2D;
  weights: tf.Tensor2D;
  offsets: HeadOffsets;
  vocabulary: number;
  rows: RowSets;
  skip: number;
  count: number;
}): { logits: tf.Tensor2D; scale: tf.Tensor1D } {
  const [positions, width] = x.shape;
  const predicted = rows.capacity * count;
  const results = { logits: emptyTensor([predicted, vocabulary]), scale: emptyTensor([predicted]) };
  launch(
    NORMED_LOGITS,
    { x, weights, tiles: rows.tiles, ...results },
    {
      WIDTH: width,
      VOCABULARY: vocabulary,
      ...offsets,
      ...rowNumbers(weights, positions, rows),
      skip,
      count,
    },
  );
  return results;
}

/**
 * dLogits·E: back to the normed states.
 *
 * @param options.dLogits // [M·count, V]
 * @param options.weights flat; the table of embeddings [V, D] lies at `offset` of each set // [S, N]
 * @param options.width D
 * @returns // [M·count, D]
 */
export function logitsGradient({
  dLogits,
  weights,
  offset,
  width,
  rows: { capacity, tiles },
}: {
  dLogits: tf.Tensor2D;
  weights: tf.Tensor2D;
  offset: number;
  width: number;
  rows: RowSets;
}): tf.Tensor2D {
  const [predicted, vocabulary] = dLogits.shape;
  const result = emptyTensor([predicted, width]);
  launch(
    LOGITS_GRADIENT,
    { dLogits, weights, tiles, result },
    { WIDTH: width, VOCABULARY: vocabulary, stride: weights.shape[1], offset, count: predicted / capacity },
  );
  return result;
}

/**
 * The output layer's gradient in the table of embeddings, dLogitsᵀ·(x·scale ⊙ gain), written in place of whatever
 * `gradient` holds there. The gradient through the input tokens is to be added afterwards.
 *
 * @param options.dLogits // [M·count, V]
 * @param options.x // [M·T, D]
 * @param options.scale // [M·count]
 * @param options.gradient written at the table of every set // [sets of the rows, N]
 * @param options.weights flat // [S, N]
 * @param options.rows the same number of them for every set
 */
export function setUnembeddingGradient({
  dLogits,
  x,
  scale,
  gradient,
  weights,
  offsets,
  rows: { capacity },
  skip,
}: {
  dLogits: tf.Tensor2D;
  x: tf.Tensor2D;
  scale: tf.Tensor1D;
  gradient: tf.Tensor2D;
  weights: tf.Tensor2D;
  offsets: HeadOffsets;
  rows: RowSets;
  skip: number;
}): void {
  const [positions, width] = x.shape;
  const vocabulary = dLogits.shape[1];
  const [sets, stride] = gradient.shape;
  launch(
    UNEMBEDDING_GRADIENT,
    { dLogits, x, scale, weights, gradient },
    {
      WIDTH: width,
      VOCABULARY: vocabulary,
      stride,
      ...offsets,
      rows: capacity / sets,
      tokens: positions / capacity,
      skip,
      count: scale.size / capacity,
    },
  );
}
