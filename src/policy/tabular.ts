import * as tf from '@tensorflow/tfjs-core';
import { gatherRows } from '../ops/gatherRows/gatherRows';
import { logSumExp } from '../ops/logSumExp/logSumExp';
import { unflatten } from './parameters';
import type { Policy, PromptBatch } from './policy';

/**
 * Log-probs of responses, differentiable in the table.
 *
 * @param table logits  // [W, X, K]
 * @param prompts int32 // [W, B]
 * @param responses int32 // [W, B]
 * @returns nats  // [W, B, 1]
 */
function responseLogProbs(table: tf.Tensor3D, prompts: tf.Tensor2D, responses: tf.Tensor2D): tf.Tensor3D {
  const [sets, count, width] = table.shape;
  const entries = tf.reshape(table, [sets, count * width, 1]) as tf.Tensor3D;
  const chosen = gatherRows(entries, tf.add(tf.mul(prompts, tf.scalar(width, 'int32')), responses)); // [W, B, 1]
  // The normaliser apart: its gradient over a pair's two rows, +g − g, is then exactly 0. Through log-softmax a
  // response that no pair showed would get the rounding error as its gradient, and Adam would blow that up.
  const normalisers = tf.expandDims(logSumExp(table), 2) as tf.Tensor3D; // [W, X, 1]
  return tf.sub(chosen, gatherRows(normalisers, prompts));
}

/** A table of logits: one row a prompt, one column a response; a completion is one token. */
export function tabularPolicy(prompts: number, responses: number): Policy {
  const layout = [{ name: 'logits', shape: [prompts, responses] }];
  const rowIds = (batch: PromptBatch) => tf.tensor2d(batch.ids, [batch.sets, batch.rows], 'int32');
  return {
    layout,
    vocabulary: responses,
    completionLength: 1,
    startDecoding(weights, batch) {
      const ids = rowIds(batch);
      const table = tf.tidy(() => unflatten(layout, weights).get('logits') as tf.Tensor3D);
      const logits = tf.tidy(() => gatherRows(table, ids));
      return {
        logits,
        logProbs: (tokens) => tf.squeeze(responseLogProbs(table, ids, tokens), [2]),
        advance: () => {
          throw new Error('a tabular completion has one token');
        },
        dispose: () => tf.dispose([logits, table, ids]),
      };
    },
    tokenLogProbs(parameters, batch) {
      const shape: [number, number] = [batch.prompts.sets, batch.prompts.rows];
      const ids = tf.tensor2d(batch.ids, shape, 'int32');
      return responseLogProbs(parameters.get('logits') as tf.Tensor3D, rowIds(batch.prompts), ids);
    },
  };
}
