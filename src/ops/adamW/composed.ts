import * as tf from '@tensorflow/tfjs-core';
import type { AdamWSettings } from './adamW';

/**
 * The specification of `clipFactors` in stock ops.
 *
 * @param gradient // [R, N]
 * @returns // [R]
 */
export function clipFactorsComposed(gradient: tf.Tensor2D, clip: number): tf.Tensor1D {
  return tf.tidy(() => tf.minimum(1, tf.div(clip, tf.add(tf.sqrt(tf.sum(tf.square(gradient), 1)), 1e-6))));
}

export type AdamWState = {
  readonly weights: tf.Tensor2D;
  readonly mean: tf.Tensor2D;
  readonly square: tf.Tensor2D;
};

/**
 * The specification of `updateAdamW` in stock ops (Loshchilov and Hutter 2019, in PyTorch's form: decoupled decay, bias
 * correction, ε outside the root). Returns new tensors; disposes nothing.
 *
 * @param state weights and moment averages  // each [R, N]
 * @param gradient // [R, N]
 * @param learningRate per run  // [R, 1]
 * @param step 1 at the first update
 */
export function updateAdamWComposed(
  state: AdamWState,
  gradient: tf.Tensor2D,
  learningRate: tf.Tensor2D,
  step: number,
  { beta1, beta2, epsilon, weightDecay }: AdamWSettings,
): AdamWState {
  return tf.tidy(() => {
    const mean = tf.add(tf.mul(state.mean, beta1), tf.mul(gradient, 1 - beta1)) as tf.Tensor2D;
    const square = tf.add(tf.mul(state.square, beta2), tf.mul(tf.square(gradient), 1 - beta2)) as tf.Tensor2D;
    const denominator = tf.add(tf.div(tf.sqrt(square), Math.sqrt(1 - beta2 ** step)), epsilon);
    const update = tf.div(tf.div(mean, 1 - beta1 ** step), denominator);
    const decayed = weightDecay === 0 ? update : tf.add(update, tf.mul(state.weights, weightDecay));
    return { weights: tf.sub(state.weights, tf.mul(learningRate, decayed)) as tf.Tensor2D, mean, square };
  });
}
