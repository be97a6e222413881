import * as tf from '@tensorflow/tfjs-core';

export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/**
 * Scales each run's gradient down to `clip` where its norm is longer, as torch.nn.utils.clip_grad_norm_ does.
 *
 * @param gradient // [R, N]
 */
export function clipByRunNorm(gradient: tf.Tensor2D, clip: number): tf.Tensor2D {
  return tf.tidy(() => {
    const norm = tf.sqrt(tf.sum(tf.square(gradient), 1, true));
    return tf.mul(gradient, tf.minimum(1, tf.div(clip, tf.add(norm, 1e-6))));
  });
}

export type AdamWState = {
  readonly weights: tf.Tensor2D;
  readonly mean: tf.Tensor2D;
  readonly square: tf.Tensor2D;
};

/**
 * One AdamW step for all runs (Loshchilov and Hutter 2019, in PyTorch's form: decoupled decay, bias correction,
 * ε outside the root). Returns new tensors; disposes nothing.
 *
 * @param state weights and moment averages  // each [R, N]
 * @param gradient // [R, N]
 * @param learningRate per run  // [R, 1]
 * @param step 1 at the first update
 */
export function adamW(
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
