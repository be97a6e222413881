import * as tf from '@tensorflow/tfjs-core';
import { unitInterval } from '../../math/random';
import { launch } from '../device/launch';
import { drawBits } from './draw';
import { DRAW_AND_MEASURE_TOKENS, DRAW_TOKENS } from './kernels';

/** How the runs draw, and where their random numbers come from. */
interface DrawRequest {
  /** a, then 1/temperature, of every completion row; scale 0 draws uniformly. // [2, R, B/R] */
  readonly settings: tf.Tensor3D;
  readonly seeds: readonly number[]; // [R]
  readonly stream: number;
  readonly step: number;
}

/**
 * The specification of the drawn tokens in stock ops, from host-made noise.
 *
 * @param logits of every completion row under the policy, then under the reference  // [2, B, V]
 * @returns int32  // [B]
 */
export function drawTokensComposed(
  logits: tf.Tensor3D,
  { settings, seeds, stream, step }: DrawRequest,
  token: number,
): tf.Tensor1D {
  const [, rows, vocabulary] = logits.shape;
  const rowsPerRun = rows / seeds.length;
  const bits = new Uint32Array(vocabulary);
  const noise = new Float32Array(rows * vocabulary);
  for (let index = 0; index < rows; index++) {
    drawBits(bits, seeds[Math.floor(index / rowsPerRun)]!, index % rowsPerRun, { stream, step, token });
    // Gumbel noise, −log(−log(1 − w)).
    bits.forEach((random, v) => (noise[index * vocabulary + v] = -Math.log(-Math.log1p(-unitInterval(random)))));
  }
  return tf.tidy(() => {
    const [h, reference] = tf.unstack(logits) as [tf.Tensor2D, tf.Tensor2D]; // [B, V]
    const [a, scale] = tf.unstack(tf.reshape(settings, [2, rows, 1])) as [tf.Tensor2D, tf.Tensor2D]; // [B, 1]
    const tempered = tf.mul(scale, tf.add(h, tf.mul(a, tf.sub(h, reference))));
    return tf.argMax(tf.add(tempered, tf.tensor2d(noise, [rows, vocabulary])), 1);
  });
}

/**
 * The rows whose logits were computed are *model rows*: a completion row under one of its two models. A completion row
 * has a model row under the policy, under the reference, or under both.
 */
interface Draw {
  readonly logits: tf.Tensor2D; // [Mr, V]
  /** Each completion row's model row under the policy, then under the reference; −1 where absent. // int32 [2, B] */
  readonly modelRows: tf.Tensor2D;
  /** a, then 1/temperature, of every completion row; a counts where both models are there. // [2, R, B/R] */
  readonly settings: tf.Tensor3D;
  /** The runs' seeds, then the step: a launch's attributes must have few values. // int32 [R + 1] */
  readonly seeds: tf.Tensor1D;
  readonly stream: number;
  /** Which of the C tokens this is. */
  readonly token: number;
  /** Drawn tokens, written at `token`. // int32 [C, B] */
  readonly tokens: tf.Tensor2D;
  /** Drawn tokens as the next inputs; rows that belong to no completion row stay as they are. // int32 [Mr] */
  readonly next: tf.Tensor1D;
  /** Of the drawn tokens under the models that are there, untempered, nats; written at `token`. // [C, 2, B] */
  readonly logProbs: tf.Tensor3D;
  /** KL(π_θ‖π_ref), then entropy of π_θ, nats, of rows under both models; written at `token`. // [C, 2, B] */
  readonly measures: tf.Tensor3D | null;
}

/**
 * Draws a token for every completion row from softmax(scale·(h_θ + a·(h_θ − h_ref))), or from the tempered softmax of
 * the only model that it has, by the Gumbel-max trick (Maddison, Tarlow and Minka 2014) with noise addressed by
 * (seed of the run, stream, step, row in the run, token).
 */
export function drawTokens({ measures, stream, token, ...tensors }: Draw): void {
  const [, runs, rowsPerRun] = tensors.settings.shape;
  const rows = runs * rowsPerRun;
  const numbers = { VOCABULARY: tensors.logits.shape[1], rows, rowsPerRun, stream, token };
  if (measures) launch(DRAW_AND_MEASURE_TOKENS, { ...tensors, measures }, numbers, rows);
  else launch(DRAW_TOKENS, tensors, numbers, rows);
}
