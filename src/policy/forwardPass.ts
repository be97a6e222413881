import { rotaryTable } from '../ops/projectHeads/rotation';
import * as tf from '@tensorflow/tfjs-core';
import { addProduct } from '../ops/addProduct/addProduct';
import { causalAttention } from '../ops/causalAttention/causalAttention';
import { emptyTensor } from '../ops/device/launch';
import { embedTokens } from '../ops/embedding/embedding';
import { gatedMlp } from '../ops/gatedMlp/gatedMlp';
import { normedLogits } from '../ops/normedLogits/normedLogits';
import { projectHeads } from '../ops/projectHeads/projectHeads';
import type { RowSets } from '../ops/rowSets';
import { startsOf } from './inputTokens';
import { inputLength, ROTARY_BASE, type TransformerOffsets, type TransformerSizes } from './transformer';

/** What a transformer's kernels share over a whole batch. */
export interface Pass {
  readonly sizes: TransformerSizes;
  readonly offsets: TransformerOffsets;
  readonly weights: tf.Tensor2D; // [S, N]
  readonly rows: RowSets;
  /** The first real position of each left-padded row. // int32 [M] */
  readonly starts: tf.Tensor1D;
  readonly table: tf.Tensor2D; // [L, d]
}

/**
 * @param promptIds left-padded  // [M, Lp]
 * @param promptLength Lp
 */
export function passOver(
  model: Pick<Pass, 'sizes' | 'offsets' | 'weights'>,
  rows: RowSets,
  promptIds: Int32Array,
  promptLength: number,
): Pass {
  const { width, heads, rotaryBase = ROTARY_BASE } = model.sizes;
  return {
    ...model,
    rows,
    starts: tf.tensor1d(startsOf(promptIds, promptLength), 'int32'),
    table: rotaryTable(inputLength(model.sizes), width / heads, rotaryBase),
  };
}

/** One layer's activations, as the backward pass wants them. */
export interface LayerActivations {
  readonly input: tf.Tensor2D; // [M·T, D]
  readonly attentionScale: tf.Tensor1D; // [M·T]
  readonly q: tf.Tensor2D; // [M·T, D]
  readonly kv: tf.Tensor4D; // [M, L, 2, D]
  readonly attended: tf.Tensor2D; // [M·T, D]
  readonly statistics: tf.Tensor3D; // [M·T, H, 2]
  readonly middle: tf.Tensor2D; // [M·T, D]
  readonly mlpScale: tf.Tensor1D; // [M·T]
  readonly gate: tf.Tensor2D; // [M·T, F]
  readonly up: tf.Tensor2D; // [M·T, F]
  readonly hidden: tf.Tensor2D; // [M·T, F]
}

/** An empty cache of keys and values for every layer. */
export const emptyCaches = ({ sizes, rows }: Pick<Pass, 'sizes' | 'rows'>, length: number): tf.Tensor4D[] =>
  Array.from({ length: sizes.layers }, () => emptyTensor([rows.capacity, length, 2, sizes.width]));

/**
 * All layers over T new tokens of each row, five launches a layer and one before them.
 *
 * @param tokens int32  // [M, T]
 * @param first position of the first new token
 * @param caches keys and values of every layer, written at the new positions  // each [M, L, 2, D]
 * @param keep called with each layer's activations; those not kept go with the caller's tidy
 * @returns the states before the last norm  // [M·T, D]
 */
export function runLayers(
  { sizes, offsets, weights, rows, starts, table }: Pass,
  tokens: tf.Tensor2D,
  first: number,
  caches: readonly tf.Tensor4D[],
  keep: (layer: LayerActivations) => void = () => undefined,
): tf.Tensor2D {
  const { heads, hidden: hiddenWidth } = sizes;
  let x = embedTokens(tokens, weights, offsets.embedding, sizes.width, rows);
  offsets.layers.forEach((at, l) => {
    const input = x;
    const kv = caches[l]!;
    const { q, scale: attentionScale } = projectHeads({
      x: input,
      kv,
      table,
      weights,
      offsets: { gain: at.attentionNorm, query: at.query, key: at.key, value: at.value },
      rows,
      heads,
      first,
    });
    const { out: attended, statistics } = causalAttention({ q, kv, starts, rows, heads, first });
    const middle = addProduct(input, attended, weights, at.output, rows);
    const mlp = gatedMlp({
      x: middle,
      weights,
      offsets: { gain: at.mlpNorm, gate: at.gate, up: at.up },
      hidden: hiddenWidth,
      rows,
    });
    x = addProduct(middle, mlp.hidden, weights, at.down, rows);
    const { gate, up, hidden, scale: mlpScale } = mlp;
    keep({ input, attentionScale, q, kv, attended, statistics, middle, mlpScale, gate, up, hidden });
  });
  return x;
}

/**
 * Logits after the positions skip … skip + count − 1 of every row.
 *
 * @param x states before the last norm  // [M·T, D]
 * @returns logits [M·count, V] and the norm's scale [M·count]
 */
export const logitsOf = (
  { sizes, offsets, weights, rows }: Pass,
  x: tf.Tensor2D,
  skip: number,
  count: number,
): { logits: tf.Tensor2D; scale: tf.Tensor1D } =>
  normedLogits({
    x,
    weights,
    offsets: { gain: offsets.finalNorm, embedding: offsets.embedding },
    vocabulary: sizes.vocabulary,
    rows,
    skip,
    count,
  });
