import { rmsNormComposed } from '../rmsNorm/composed';
import * as tf from '@tensorflow/tfjs-core';

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

/**
 * The specification in stock ops: first' = first·cos − second·sin, second' = second·cos + first·sin.
 *
 * @param x // [M, H, T, d]
 * @param table of the same positions  // [T, d]
 * @returns // [M, H, T, d]
 */
export function rotateComposed(x: tf.Tensor4D, table: tf.Tensor2D): tf.Tensor4D {
  const [first, second] = tf.split(x, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
  const [cos, sin] = tf.split(table, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  const turned = [tf.sub(tf.mul(first, cos), tf.mul(second, sin)), tf.add(tf.mul(second, cos), tf.mul(first, sin))];
  return tf.concat(turned as tf.Tensor4D[], 3);
}
