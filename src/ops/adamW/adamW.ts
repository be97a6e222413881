import * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import { kernelsFor } from './kernels';

export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/**
 * What each run's gradient is to be scaled by so that its norm is at most `clip`, as torch.nn.utils.clip_grad_norm_
 * has it.
 *
 * @param gradient // [R, N]
 * @returns at most 1  // [R]
 */
export function clipFactors(gradient: tf.Tensor2D, clip: number): tf.Tensor1D {
  const [runs, count] = gradient.shape;
  const kernels = kernelsFor(count);
  const size = count / kernels.lanes;
  // About as many numbers for the second launch's threads to sum as for the first's.
  const shares = Math.ceil(Math.sqrt(size));
  return tf.tidy(() => {
    const partial = emptyTensor([runs, shares * kernels.lanes]);
    launch(kernels.squares, { gradient, partial }, { size, shares });
    const factors = emptyTensor([runs]);
    launch(kernels.factors, { partial, clip: tf.tensor1d([clip]), factors }, { shares });
    return factors;
  });
}

interface Update {
  /** The runs' weights come first; sets behind them are references and stay. // [S, N], S ≥ R */
  readonly weights: tf.Tensor2D;
  readonly mean: tf.Tensor2D; // [R, N]
  readonly square: tf.Tensor2D; // [R, N]
  readonly gradient: tf.Tensor2D; // [R, N]
  /** From `clipFactors`; null: no clipping. // [R] */
  readonly factors: tf.Tensor1D | null;
  /** As they are at this step. // [R] */
  readonly learningRates: readonly number[];
  /** 1 at the first update. */
  readonly step: number;
  readonly settings: AdamWSettings;
}

/** One AdamW step for all runs, weights and moment averages in place. */
export function updateAdamW(update: Update): void {
  const { weights, mean, square, gradient } = update;
  const [runs, count] = gradient.shape;
  const kernels = kernelsFor(count);
  const size = count / kernels.lanes;
  tf.tidy(() => {
    const factors = update.factors ?? tf.ones([runs]);
    const settings = tf.tensor1d(updateSettings(update));
    launch(kernels.update, { gradient, factors, settings, weights, mean, square }, { size });
  });
}

/** The numbers of one step, all in one upload. */
const updateSettings = ({
  settings: { beta1, beta2, epsilon, weightDecay },
  step,
  learningRates,
}: Update): number[] => [
  beta1,
  1 - beta1,
  beta2,
  1 - beta2,
  1 - beta1 ** step,
  Math.sqrt(1 - beta2 ** step),
  epsilon,
  weightDecay,
  ...learningRates,
];
