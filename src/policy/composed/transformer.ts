import { addProductComposed } from '../../ops/addProduct/composed';
import { causalMask, maskedAttentionComposed } from '../../ops/causalAttention/composed';
import { embedTokensComposed } from '../../ops/embedding/composed';
import { gatedMlpComposed } from '../../ops/gatedMlp/composed';
import { normedLogitsComposed } from '../../ops/normedLogits/composed';
import { projectHeadsComposed } from '../../ops/projectHeads/composed';
import { rotaryTable } from '../../ops/projectHeads/rotation';
import * as tf from '@tensorflow/tfjs-core';
import { ROTARY_BASE, type TransformerSizes } from '../transformer';
import type { Parameters } from './parameters';

/** One layer's rotated keys, and its values, of all positions so far. // each [M, H, L, d] */
interface KeysAndValues {
  readonly k: tf.Tensor4D;
  readonly v: tf.Tensor4D;
}

/** What a transformer has made of the tokens so far. */
export interface Reading {
  /** The new tokens' states before the last norm. // [M, T, D] */
  readonly states: tf.Tensor3D;
  /** By layer; the next tokens attend to these. */
  readonly cache: readonly KeysAndValues[];
}

/**
 * All layers over T new tokens of each row.
 *
 * @param starts int32, the first real position of each left-padded row  // [M]
 * @param tokens int32; the sets have equally many rows  // [S, M/S·T]
 * @param past the cache of the tokens before these, empty where there are none
 */
export function readTokens(
  { width, layers, heads, rotaryBase = ROTARY_BASE }: TransformerSizes,
  parameters: Parameters,
  starts: tf.Tensor1D,
  tokens: tf.Tensor2D,
  past: Reading['cache'],
): Reading {
  const count = tokens.size / starts.size;
  const first = past[0]?.k.shape[2] ?? 0;
  const table = tf.slice(rotaryTable(first + count, width / heads, rotaryBase), [first, 0]);
  const mask = causalMask(starts, first, count);
  let x = embedTokensComposed(tokens, parameters.get('embedding') as tf.Tensor3D); // [S, M/S·T, D]
  const cache = Array.from({ length: layers }, (_, l) => {
    const gain = (name: string) => parameters.get(`layers.${l}.${name}`) as tf.Tensor2D;
    const matrix = (name: string) => parameters.get(`layers.${l}.${name}`) as tf.Tensor3D;
    const projections = { query: matrix('query'), key: matrix('key'), value: matrix('value') };
    const { q, ...fresh } = projectHeadsComposed(x, { gain: gain('attentionNorm'), ...projections }, table, heads);
    const all = past[l] ? appended(past[l], fresh) : fresh;
    const attended = maskedAttentionComposed(q, all.k, all.v, mask); // [M, H, T, d]
    x = addProductComposed(x, tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), x.shape), matrix('output'));
    const { hidden } = gatedMlpComposed(x, gain('mlpNorm'), matrix('gate'), matrix('up'));
    x = addProductComposed(x, hidden, matrix('down'));
    return all;
  });
  return { states: tf.reshape(x, [starts.size, count, width]), cache };
}

const appended = (past: KeysAndValues, fresh: KeysAndValues): KeysAndValues => ({
  k: tf.concat([past.k, fresh.k], 2),
  v: tf.concat([past.v, fresh.v], 2),
});

/** Logits after the tokens from `skip` on. // states [M, T, D] → [M·(T − skip), V] */
export function logitsAfter(parameters: Parameters, states: tf.Tensor3D, skip: number): tf.Tensor2D {
  const embedding = parameters.get('embedding') as tf.Tensor3D; // [S, V, D]
  const [sets, vocabulary, width] = embedding.shape;
  const predicting = tf.reshape(tf.slice(states, [0, skip, 0]), [sets, -1, width]) as tf.Tensor3D;
  const logits = normedLogitsComposed(predicting, parameters.get('finalNorm') as tf.Tensor2D, embedding);
  return tf.reshape(logits, [-1, vocabulary]);
}
