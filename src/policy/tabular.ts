import * as tf from '@tensorflow/tfjs-core';
import { inTidy } from '../ops/inTidy';
import { emptyTensor } from '../ops/device/launch';
import { drawTokens } from '../ops/drawTokens/drawTokens';
import { gatherRows } from '../ops/gatherRows/gatherRows';
import { logSumExp } from '../ops/logSumExp/logSumExp';
import type { CompletionBatch, DeviceCompletions, ForwardPass, Policy, SamplingRequest } from './policy';

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

/** The tables of some weight sets. // [W, X, K] */
export const tablesOf = (weights: tf.Tensor2D, sets: readonly number[], prompts: number): tf.Tensor3D =>
  tf.tidy(() => {
    const all = tf.expandDims(weights, 0) as tf.Tensor3D;
    // tfjs' own gather looks up entry by entry on WASM.
    const wanted = gatherRows(all, tf.tensor2d([...sets], [1, sets.length], 'int32'));
    return tf.reshape(wanted, [sets.length, prompts, weights.shape[1] / prompts]);
  });

/** What is given where it is not −1, else what was drawn. // int32 [1, R·B] */
function givenOr(drawn: tf.Tensor, given: Int32Array): tf.Tensor {
  const wanted = tf.tensor2d(given, [1, given.length], 'int32');
  return tf.where(tf.greaterEqual(wanted, 0), wanted, drawn);
}

/** A table of logits: one row a prompt, one column a response; a completion is one token. */
export function tabularPolicy(prompts: number, responses: number): Policy {
  /** Policy and reference of every row: a lookup costs nothing. */
  function sample(weights: tf.Tensor2D, request: SamplingRequest): DeviceCompletions {
    const { sets, rows, ids } = request.prompts;
    const count = sets * rows;
    return inTidy(() => {
      const tables = tablesOf(weights, [...request.policySets, ...request.referenceSets], prompts);
      const promptIds = new Int32Array(2 * count);
      promptIds.set(ids);
      promptIds.set(ids, count);
      const tableRows = promptIds.map((prompt, row) => Math.floor(row / rows) * prompts + prompt);
      const drawn = emptyTensor([1, count], 'int32');
      const measures = request.measure ? emptyTensor([1, 2, count]) : null;
      const address = Int32Array.from([...request.seeds, request.step, request.firstRow ?? 0], (value) => value | 0);
      const draw = {
        logits: tf.reshape(tables, [2 * sets * prompts, responses]) as tf.Tensor2D,
        modelRows: tf.tensor2d(tableRows, [2, count], 'int32'),
        settings: request.settings,
        seeds: tf.tensor1d(address, 'int32'),
        tokens: drawn,
        stream: request.stream,
        token: 0,
      };
      const aside = () => ({ next: emptyTensor([2 * sets * prompts], 'int32'), logProbs: emptyTensor([1, 2, count]) });
      drawTokens(draw, measures && { ...aside(), measures });
      const tokens = request.given ? givenOr(drawn, request.given) : drawn;
      // The very numbers that `forward` finds: at the start all margins are then exactly 0, and what cancels in the
      // gradient cancels exactly.
      const both = tf.reshape(tf.concat([tokens, tokens]), [2 * sets, rows]) as tf.Tensor2D;
      const found = responseLogProbs(tables, tf.tensor2d(promptIds, both.shape, 'int32'), both);
      return { tokens, logProbs: tf.reshape(found, [1, 2, count]), measures };
    });
  }

  function forward(weights: tf.Tensor2D, { prompts: batch, ids, mask }: CompletionBatch): ForwardPass {
    const { sets, rows } = batch;
    const held = tf.tidy(() => ({
      tables: tf.reshape(tf.slice(weights, [0, 0], [sets, -1]), [sets, prompts, responses]) as tf.Tensor3D,
      rowIds: tf.tensor2d(batch.ids, [sets, rows], 'int32'),
      responseIds: tf.tensor2d(ids, [sets, rows], 'int32'),
      mask: tf.tensor2d(mask, [sets * rows, 1]),
    }));
    const { tables, rowIds, responseIds } = held;
    const logProbs = tf.tidy(() => tf.reshape(responseLogProbs(tables, rowIds, responseIds), [sets * rows, 1]));
    return {
      logProbs: logProbs as tf.Tensor2D,
      mask: held.mask,
      gradient: (slopes) =>
        tf.tidy(() => {
          const dy = tf.reshape(tf.mul(slopes, tf.reshape(held.mask, [-1])), [sets, rows, 1]);
          const gradient = tf.grad((table) => responseLogProbs(table as tf.Tensor3D, rowIds, responseIds))(tables, dy);
          return tf.reshape(gradient, [sets, prompts * responses]);
        }),
      dispose: () => tf.dispose([...Object.values(held), logProbs]),
    };
  }

  return {
    layout: [{ name: 'logits', shape: [prompts, responses] }],
    vocabulary: responses,
    completionLength: 1,
    rowFloats: null,
    sample,
    complete: () => undefined,
    forward,
    nextLogits: (weights, { sets, rows, ids }) =>
      tf.tidy(() => {
        const tables = tf.reshape(weights, [sets * prompts, responses]);
        const tableRows = ids.map((prompt, row) => Math.floor(row / rows) * prompts + prompt);
        return tf.gather(tables, tf.tensor1d(tableRows, 'int32')) as tf.Tensor2D;
      }),
  };
}
