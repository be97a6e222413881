import * as tf from '@tensorflow/tfjs-core';
import { sizeOf, type ParameterLayout } from '../parameters';

/** A policy's tensors by name. // each [S, …shape] */
export type Parameters = ReadonlyMap<string, tf.Tensor>;

/** The named tensors of flat weights; differentiate with respect to these, then `flatten` the gradients. // [S, N] */
export function unflatten(layout: ParameterLayout, flat: tf.Tensor2D): Parameters {
  let start = 0;
  return new Map(
    layout.map(({ name, shape }) => {
      const columns = tf.slice(flat, [0, start], [-1, sizeOf(shape)]);
      start += sizeOf(shape);
      return [name, tf.reshape(columns, [flat.shape[0], ...shape])];
    }),
  );
}

/** The inverse of `unflatten`. // [S, N] */
export function flatten(layout: ParameterLayout, parameters: Parameters): tf.Tensor2D {
  const columns = layout.map(({ name, shape }) => tf.reshape(parameters.get(name)!, [-1, sizeOf(shape)]));
  return tf.concat(columns, 1) as tf.Tensor2D;
}
