import * as tf from '@tensorflow/tfjs-core';
import { oneHot } from '../oneHot';

/**
 * The specification in stock ops, for sets of equally many positions; its gradient in the table specifies
 * `addEmbeddingGradient`.
 *
 * @param tokens int32  // [S, P]
 * @param table // [S, V, D]
 * @returns // [S, P, D]
 */
export const embedTokensComposed = (tokens: tf.Tensor2D, table: tf.Tensor3D): tf.Tensor3D =>
  tf.matMul(oneHot(tokens, table.shape[1]), table);
