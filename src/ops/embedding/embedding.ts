import type * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import type { RowSets } from '../rowSets';
import { ADD_EMBEDDING_GRADIENT, EMBED_TOKENS } from './kernels';

/**
 * Each token's row of its own set's table.
 *
 * @param tokens int32, each 0 … V − 1  // [M, T]
 * @param weights flat; the table [V, D] lies at `offset` of each set  // [S, N]
 * @returns // [M·T, D]
 */
export function embedTokens(
  tokens: tf.Tensor2D,
  weights: tf.Tensor2D,
  offset: number,
  width: number,
  { tiles }: RowSets,
): tf.Tensor2D {
  const result = emptyTensor([tokens.size, width]);
  launch(
    EMBED_TOKENS,
    { ids: tokens, weights, tiles, result },
    { WIDTH: width, stride: weights.shape[1], offset, tokens: tokens.shape[1] },
  );
  return result;
}

/**
 * Adds Σ over the positions with a token of dx to that token's row in the flat gradient, in place. A token outside the
 * vocabulary adds nothing.
 *
 * @param tokens int32; the same number of rows for every set  // [M, T]
 * @param dx // [M·T, D]
 * @param gradient flat; the table [V, D] lies at `offset` of each set  // [S, N]
 */
export function addEmbeddingGradient(
  tokens: tf.Tensor2D,
  dx: tf.Tensor2D,
  gradient: tf.Tensor2D,
  offset: number,
  vocabulary: number,
  { capacity }: RowSets,
): void {
  const [sets, stride] = gradient.shape;
  const width = dx.shape[1];
  launch(
    ADD_EMBEDDING_GRADIENT,
    { ids: tokens, dx, gradient },
    { WIDTH: width, VOCABULARY: vocabulary, stride, offset, positions: (capacity / sets) * tokens.shape[1] },
  );
}
