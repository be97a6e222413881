import { rmsNormComposed } from '../rmsNorm/composed';
import * as tf from '@tensorflow/tfjs-core';

/**
 * The specification in stock ops, for sets of equally many rows, of which only the predicted positions are given.
 *
 * @param x // [S, M, D]
 * @param gain // [S, D]
 * @param embedding // [S, V, D]
 * @returns // [S, M, V]
 */
export const normedLogitsComposed = (x: tf.Tensor3D, gain: tf.Tensor2D, embedding: tf.Tensor3D): tf.Tensor3D =>
  tf.matMul(rmsNormComposed(x, gain), embedding, false, true);
