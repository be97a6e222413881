import * as tf from '@tensorflow/tfjs-core';
import { gatherRows } from '../ops/gatherRows/gatherRows';
import { unflatten } from './parameters';
import type { Policy, PromptBatch } from './policy';

/** A table of logits: one row a prompt, one column a response; a completion is one token. */
export function tabularPolicy(prompts: number, responses: number): Policy {
  const layout = [{ name: 'logits', shape: [prompts, responses] }];
  const rowIds = (batch: PromptBatch) => tf.tensor2d(batch.ids, [batch.sets, batch.rows], 'int32');
  return {
    layout,
    vocabulary: responses,
    completionLength: 1,
    startDecoding(weights, batch) {
      const logits = tf.tidy(() => gatherRows(unflatten(layout, weights).get('logits') as tf.Tensor3D, rowIds(batch)));
      return {
        logits,
        advance: () => {
          throw new Error('a tabular completion has one token');
        },
        dispose: () => logits.dispose(),
      };
    },
    tokenLogProbs(parameters, batch) {
      const { sets, rows } = batch.prompts;
      const table = parameters.get('logits') as tf.Tensor3D; // [W, X, K]
      const entries = tf.reshape(table, [sets, prompts * responses, 1]) as tf.Tensor3D;
      const ids = batch.prompts.ids.map((prompt, i) => prompt * responses + batch.ids[i]!);
      const chosen = gatherRows(entries, tf.tensor2d(ids, [sets, rows], 'int32')); // [W, B, 1]
      // The normaliser apart: its gradient over a pair's two rows, +g − g, is then exactly 0. Through log-softmax a
      // response that no pair showed would get the rounding error as its gradient, and Adam would blow that up.
      const normalisers = tf.expandDims(tf.logSumExp(table, 2), 2) as tf.Tensor3D; // [W, X, 1]
      return tf.sub(chosen, gatherRows(normalisers, rowIds(batch.prompts)));
    },
  };
}
