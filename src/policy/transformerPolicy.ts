import * as tf from '@tensorflow/tfjs-core';
import { attention } from '../ops/attention/attention';
import { fleetMatMul } from '../ops/fleetMatMul/fleetMatMul';
import { tokenLogProb } from '../ops/tokenLogProb/tokenLogProb';
import { transformerDecoder } from './decoder';
import type { CompletionBatch, Policy } from './policy';
import {
  causalMask,
  paddingMask,
  transformerLayout,
  transformerStates,
  unembedding,
  type Parameters,
  type TransformerSizes,
} from './transformer';

/** Inputs of the training pass: every token but the last, prompt then completion. // [W, B·(Lp + Lc − 1)] */
function inputTokens({ prompts, ids, length }: CompletionBatch): tf.Tensor2D {
  const total = prompts.length + length - 1;
  const rows = prompts.sets * prompts.rows;
  const tokens = new Int32Array(rows * total);
  for (let row = 0; row < rows; row++) {
    tokens.set(prompts.ids.subarray(row * prompts.length, (row + 1) * prompts.length), row * total);
    tokens.set(ids.subarray(row * length, (row + 1) * length - 1), row * total + prompts.length);
  }
  return tf.tensor2d(tokens, [prompts.sets, prompts.rows * total], 'int32');
}

function tokenLogProbs(sizes: TransformerSizes, parameters: Parameters, batch: CompletionBatch): tf.Tensor3D {
  const { sets, rows, length: promptLength } = batch.prompts;
  const total = promptLength + batch.length - 1;
  const mask = tf.add(causalMask(total), paddingMask(batch.prompts, total)) as tf.Tensor4D;
  const states = transformerStates(sizes, parameters, inputTokens(batch), total, 0, (_layer, { q, k, v }) =>
    attention(q, k, v, mask),
  );
  // Only positions that predict a completion token need logits: the last of the prompt and those after it.
  const predicting = tf.slice(
    tf.reshape(states, [sets * rows, total, sizes.width]),
    [0, promptLength - 1, 0],
    [-1, batch.length, -1],
  );
  const flat = tf.reshape(predicting, [sets, rows * batch.length, sizes.width]) as tf.Tensor3D;
  const logits = fleetMatMul(flat, unembedding(parameters)); // [W, B·Lc, V]
  const tokens = tf.tensor2d(batch.ids, [sets, rows * batch.length], 'int32');
  const logProbs = tf.reshape(tokenLogProb(logits, tokens), [sets, rows, batch.length]);
  return tf.mul(logProbs, tf.tensor3d(batch.mask, [sets, rows, batch.length]));
}

export function transformerPolicy(sizes: TransformerSizes): Policy {
  const layout = transformerLayout(sizes);
  return {
    layout,
    vocabulary: sizes.vocabulary,
    completionLength: sizes.completionLength,
    startDecoding: (weights, prompts) => transformerDecoder(sizes, layout, weights, prompts),
    tokenLogProbs: (parameters, batch) => tokenLogProbs(sizes, parameters, batch) as tf.Tensor3D,
  };
}
