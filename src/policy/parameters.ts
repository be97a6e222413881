import * as tf from '@tensorflow/tfjs-core';
import { sliceColumns } from '../ops/sliceColumns/sliceColumns';

/** One named tensor of a policy, without the fleet axis. */
export interface ParameterShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Named shapes in the order in which they lie in a run's flat weight vector. */
export type ParameterLayout = readonly ParameterShape[];

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const parameterCount = (layout: ParameterLayout): number => layout.reduce((n, p) => n + sizeOf(p.shape), 0);

/**
 * The named tensors of flat weights; differentiate with respect to these, then `flatten` the gradients.
 *
 * @param flat // [W, N]
 * @returns by name  // [W, …shape]
 */
export function unflatten(layout: ParameterLayout, flat: tf.Tensor2D): Map<string, tf.Tensor> {
  let start = 0;
  return new Map(
    layout.map(({ name, shape }) => {
      const columns = sliceColumns(flat, start, sizeOf(shape));
      start += sizeOf(shape);
      return [name, tf.reshape(columns, [flat.shape[0], ...shape])];
    }),
  );
}

/** The inverse of `unflatten`. // [W, N] */
export function flatten(layout: ParameterLayout, parameters: ReadonlyMap<string, tf.Tensor>): tf.Tensor2D {
  const rows = layout.map((p) => {
    const tensor = parameters.get(p.name)!;
    return tf.reshape(tensor, [tensor.shape[0]!, -1]) as tf.Tensor2D;
  });
  return rows.length === 1 ? rows[0]! : tf.concat(rows, 1);
}
