import type * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import { COMPLETION_LOG_PROBS, LOGIT_GRADIENT } from './kernels';
import { ASSEMBLE_TOKENS, SCATTER_LOG_PROBS } from './sampledKernels';

/**
 * log softmax(logits) at every completion's tokens.
 *
 * @param logits // [M·C, V]
 * @param tokens int32, each 0 … V − 1  // [M, C]
 * @returns nats  // [M, C]
 */
export function completionLogProbs(logits: tf.Tensor2D, tokens: tf.Tensor2D): tf.Tensor2D {
  const result = emptyTensor([...tokens.shape]);
  launch(COMPLETION_LOG_PROBS, { logits, tokens, result }, { VOCABULARY: logits.shape[1] });
  return result;
}

/**
 * Overwrites logits by the gradient of Σ slope · mask · log-prob in them: slope · mask · (one-hot − softmax). In place,
 * because a batch's logits are among the largest tensors of a step, and nobody needs them afterwards.
 *
 * @param logits // [M·C, V]
 * @param tokens int32, as `completionLogProbs` had them  // [M, C]
 * @param mask // [M, C]
 * @param slopes per row  // [M]
 */
export function turnIntoLogitGradient(
  logits: tf.Tensor2D,
  tokens: tf.Tensor2D,
  mask: tf.Tensor2D,
  slopes: tf.Tensor1D,
): void {
  const numbers = { VOCABULARY: logits.shape[1], length: tokens.shape[1] };
  launch(LOGIT_GRADIENT, { tokens, mask, slopes, logits }, numbers);
}

/** A pass over sampled completions, whose rows are any of the completions under any of the two models. */
export interface SampledRows {
  /** As sampled, token by token. // int32 [C, B] */
  readonly tokens: tf.Tensor2D;
  /** model·B + row of every row of the pass, model 0 (policy) or 1 (reference); −1 where there is none. // int32 [M] */
  readonly slots: tf.Tensor1D;
}

export interface Scattered extends SampledRows {
  readonly logits: tf.Tensor2D; // [M·C, V]
  readonly logProbs: tf.Tensor3D; // [C, 2, B]
}

/** Writes the log-probs, in nats, of completions' tokens into the places of their rows and models; in place. */
export function scatterLogProbs({ logits, tokens, slots, logProbs }: Scattered): void {
  const [length, rows] = tokens.shape;
  launch(SCATTER_LOG_PROBS, { logits, tokens, slots, logProbs }, { VOCABULARY: logits.shape[1], length, rows });
}

export interface Assembled extends SampledRows {
  readonly prompts: tf.Tensor2D; // int32 [B, Lp]
}

/**
 * A pass's inputs: each row's prompt and its tokens but the last; zeros where there is no row.
 *
 * @returns int32  // [M, Lp + C − 1]
 */
export function assembleTokens({ prompts, tokens, slots }: Assembled): tf.Tensor2D {
  const [length, rows] = tokens.shape;
  const promptLength = prompts.shape[1];
  const result = emptyTensor([slots.size, promptLength + length - 1], 'int32');
  launch(ASSEMBLE_TOKENS, { prompts, tokens, slots, result }, { promptLength, length, rows });
  return result;
}
