import * as tf from '@tensorflow/tfjs-core';
import { startsOf } from '../inputTokens';
import type { PromptBatch } from '../policy';
import { transformerLayout, type TransformerSizes } from '../transformer';
import { unflatten } from './parameters';
import { logitsAfter, readTokens } from './transformer';

/** A transformer's `Policy.nextLogits`. */
export function nextLogits(
  sizes: TransformerSizes,
  weights: tf.Tensor2D,
  { sets, rows, length, ids }: PromptBatch,
): tf.Tensor2D {
  return tf.tidy(() => {
    const parameters = unflatten(transformerLayout(sizes), weights);
    const starts = tf.tensor1d(startsOf(ids, length), 'int32');
    const tokens = tf.tensor2d(ids, [sets, rows * length], 'int32');
    return logitsAfter(parameters, readTokens(sizes, parameters, starts, tokens, []).states, length - 1);
  });
}
