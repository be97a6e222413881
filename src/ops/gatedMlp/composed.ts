import { rmsNormComposed } from '../rmsNorm/composed';
import * as tf from '@tensorflow/tfjs-core';

/**
 * The specification in stock ops, for sets of equally many rows.
 *
 * @param x // [S, M, D]
 * @param gain // [S, D]
 * @param gate // [S, D, F]
 * @param up // [S, D, F]
 * @returns each [S, M, F]
 */
export function gatedMlpComposed(
  x: tf.Tensor3D,
  gain: tf.Tensor2D,
  gate: tf.Tensor3D,
  up: tf.Tensor3D,
): { gate: tf.Tensor3D; up: tf.Tensor3D; hidden: tf.Tensor3D } {
  const normed = rmsNormComposed(x, gain);
  const [g, u]: [tf.Tensor3D, tf.Tensor3D] = [tf.matMul(normed, gate), tf.matMul(normed, up)];
  return { gate: g, up: u, hidden: tf.mul(tf.mul(g, tf.sigmoid(g)), u) };
}
