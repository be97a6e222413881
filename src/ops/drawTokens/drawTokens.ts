import type * as tf from '@tensorflow/tfjs-core';
import { launch } from '../device/launch';
import { DRAW_AND_MEASURE_TOKENS, DRAW_AND_READ_TOKENS, DRAW_TOKENS } from './kernels';

/** How the runs draw, and where their random numbers come from. */
export interface DrawRequest {
  /** a, then 1/temperature, of every completion row; scale 0 draws uniformly. // [2, R, B/R] */
  readonly settings: tf.Tensor3D;
  readonly seeds: readonly number[]; // [R]
  readonly stream: number;
  readonly step: number;
  /** Where each run's rows begin among those that its random numbers are for; 0 where absent. */
  readonly firstRow?: number;
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
  /** The runs' seeds, the step, and where the rows begin: a launch's attributes must have few values. // int32 [R + 2] */
  readonly seeds: tf.Tensor1D;
  readonly stream: number;
  /** Which of the C tokens this is. */
  readonly token: number;
  /** Drawn tokens, written at `token`. // int32 [C, B] */
  readonly tokens: tf.Tensor2D;
}

/** What is written about the drawn tokens. */
interface Readings {
  /** Drawn tokens as the next inputs; rows that belong to no completion row stay as they are. // int32 [Mr] */
  readonly next: tf.Tensor1D;
  /** Log-probs of the drawn tokens under the models that are there, untempered, nats; written at `token`. // [C, 2, B] */
  readonly logProbs: tf.Tensor3D;
  /** KL(π_θ‖π_ref), then entropy of π_θ, nats, of rows under both models; written at `token`. // [C, 2, B] */
  readonly measures: tf.Tensor3D | null;
}

/**
 * Draws a token for every completion row from softmax(scale·(h_θ + a·(h_θ − h_ref))), or from the tempered softmax of
 * the only model that it has, by the Gumbel-max trick (Maddison, Tarlow and Minka 2014) with noise addressed by
 * (seed of the run, stream, step, row in the run, token).
 */
export function drawTokens({ stream, token, ...tensors }: Draw, readings: Readings | null): void {
  const [, runs, rowsPerRun] = tensors.settings.shape;
  const rows = runs * rowsPerRun;
  const numbers = { VOCABULARY: tensors.logits.shape[1], rows, rowsPerRun, stream, token };
  if (!readings) return launch(DRAW_TOKENS, tensors, numbers);
  const { measures, ...read } = readings;
  if (measures) launch(DRAW_AND_MEASURE_TOKENS, { ...tensors, ...read, measures }, numbers);
  else launch(DRAW_AND_READ_TOKENS, { ...tensors, ...read }, numbers);
}
