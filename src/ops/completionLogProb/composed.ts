import type { Assembled, Scattered } from './completionLogProb';
import * as tf from '@tensorflow/tfjs-core';
import { oneHot } from '../oneHot';

/** The specification in stock ops; its gradient is that of `turnIntoLogitGradient`. */
export function completionLogProbsComposed(logits: tf.Tensor2D, tokens: tf.Tensor2D): tf.Tensor2D {
  const vocabulary = logits.shape[1];
  const logProbs = tf.reshape(tf.logSoftmax(logits), [...tokens.shape, vocabulary]); // [M, C, V]
  return tf.sum(tf.mul(logProbs, oneHot(tokens, vocabulary)), -1);
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

/** The specification in stock ops. */
export function assembleTokensComposed({ prompts, tokens, slots }: Assembled): tf.Tensor2D {
  const [length, rows] = tokens.shape;
  const inputs = tf.concat([prompts, tf.transpose(tf.slice(tokens, [0, 0], [length - 1, rows]))], 1); // [B, L]
  const present = tf.cast(tf.greaterEqual(slots, tf.scalar(0, 'int32')), 'int32');
  return tf.mul(tf.gather(inputs, rowsOf(slots, rows)), tf.expandDims(present, 1));
}

/** Completion row of every slot, 0 where there is none. // int32 [M] → int32 [M] */
const rowsOf = (slots: tf.Tensor1D, rows: number): tf.Tensor1D =>
  tf.mod(tf.maximum(slots, tf.scalar(0, 'int32')), tf.scalar(rows, 'int32'));
