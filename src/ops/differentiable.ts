import * as tf from '@tensorflow/tfjs-core';

export interface Differentiable {
  readonly value: tf.Tensor;
  /** Gradients with respect to the inputs, in their order; `kept` are the saved tensors. */
  readonly gradient: (dy: tf.Tensor, kept: readonly tf.Tensor[]) => tf.Tensor[];
}

/**
 * tf.customGrad with types that fit. Whatever the gradient needs must be saved: other tensors of the forward pass
 * may be gone by then.
 */
export function differentiable(
  inputs: readonly tf.Tensor[],
  forward: (save: (tensors: tf.Tensor[]) => void) => Differentiable,
): tf.Tensor {
  const op = tf.customGrad((...parameters) => {
    const save = parameters[parameters.length - 1] as unknown as (tensors: tf.Tensor[]) => void;
    const { value, gradient } = forward(save);
    return { value, gradFunc: (dy: tf.Tensor, kept: tf.Tensor[]) => gradient(dy, kept) };
  });
  return op(...inputs);
}
