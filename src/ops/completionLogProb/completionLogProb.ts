import * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import { oneHot } from '../oneHot';
import { COMPLETION_LOG_PROBS, LOGIT_GRADIENT } from './kernels';
import { ASSEMBLE_TOKENS, SCATTER_LOG_PROBS } from './sampledKernels';

/** The specification in stock ops; its gradient is that of `turnIntoLogitGradient`. */
export function completionLogProbsComposed(logits: tf.Tensor2D, tokens: tf.Tensor2D): tf.Tensor2D {
  const vocabulary = logits.shape[1];
  const logProbs = tf.reshape(tf.logSoftmax(logits), [...tokens.shape, vocabulary]); // [M, C, V]
  return tf.sum(tf.mul(logProbs, oneHot(tokens, vocabulary)), -1);
}

/**
 * log softmax(logits) at every completion's tokens.
 *
 * @param logits // [M·C, V]
 * @param tokens int32, each 0 … V − 1  // [M, C]
 * @returns nats  // [M, C]
 */
export function completionLogProbs(logits: tf.Tensor2D, tokens: tf.Tensor2D): tf.Tensor2D {
  const result = emptyTensor([...tokens.shape]);
  launch(COMPLETION_LOG_PROBS, { logits, tokens, result }, { VOCABULARY: logits.shape[1] }, tokens.size);
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
  launch(LOGIT_GRADIENT, { tokens, mask, slopes, logits }, numbers, tokens.size);
}

/** A pass over sampled completions, whose rows are any of the completions under any of the two models. */
export interface SampledRows {
  /** As sampled, token by token. // int32 [C, B] */
  readonly tokens: tf.Tensor2D;
  /** model·B + row of every row of the pass, model 0 (policy) or 1 (reference); −1 where there is none. // int32 [M] */
  readonly slots: tf.Tensor1D;
}

interface Scattered extends SampledRows {
  readonly logits: tf.Tensor2D; // [M·C, V]
  readonly logProbs: tf.Tensor3D; // [C, 2, B]
}

/** The specification in stock ops, with `logProbs` as they are afterwards. // [C, 2, B] */
export function scatterLogProbsComposed({ logits, tokens, slots, logProbs }: Scattered): tf.Tensor3D {
  const [length, , rows] = logProbs.shape;
  const ofRows = tf.gather(tf.transpose(tokens), rowsOf(slots, rows)) as tf.Tensor2D; // [M, C]
  const found = completionLogProbsComposed(logits, ofRows);
  const places = tf.cast(tf.oneHot(slots, 2 * rows), 'float32') as tf.Tensor2D; // [M, 2B]; −1: nothing but zeros
  const written = tf.reshape(tf.sum(places, 0), [1, 2, rows]);
  const scattered = tf.reshape(tf.matMul(found, places, true), [length, 2, rows]) as tf.Tensor3D;
  return tf.where(tf.greater(tf.tile(written, [length, 1, 1]), 0), scattered, logProbs);
}

/** Writes the log-probs, in nats, of completions' tokens into the places of their rows and models; in place. */
export function scatterLogProbs({ logits, tokens, slots, logProbs }: Scattered): void {
  const [length, rows] = tokens.shape;
  launch(
    SCATTER_LOG_PROBS,
    { logits, tokens, slots, logProbs },
    { VOCABULARY: logits.shape[1], length, rows },
    slots.size * length,
  );
}

interface Assembled extends SampledRows {
  readonly prompts: tf.Tensor2D; // int32 [B, Lp]
}

/** The specification in stock ops. */
export function assembleTokensComposed({ prompts, tokens, slots }: Assembled): tf.Tensor2D {
  const [length, rows] = tokens.shape;
  const inputs = tf.concat([prompts, tf.transpose(tf.slice(tokens, [0, 0], [length - 1, rows]))], 1); // [B, L]
  const present = tf.cast(tf.greaterEqual(slots, tf.scalar(0, 'int32')), 'int32');
  return tf.mul(tf.gather(inputs, rowsOf(slots, rows)), tf.expandDims(present, 1));
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
  launch(ASSEMBLE_TOKENS, { prompts, tokens, slots, result }, { promptLength, length, rows }, result.size);
  return result;
}

/** Completion row of every slot, 0 where there is none. // int32 [M] → int32 [M] */
const rowsOf = (slots: tf.Tensor1D, rows: number): tf.Tensor1D =>
  tf.mod(tf.maximum(slots, tf.scalar(0, 'int32')), tf.scalar(rows, 'int32'));
