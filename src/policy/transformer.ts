import * as tf from '@tensorflow/tfjs-core';
import { MASKED } from '../ops/attention/attention';
import { fleetMatMul } from '../ops/fleetMatMul/fleetMatMul';
import { gatherRows } from '../ops/gatherRows/gatherRows';
import { rmsNorm } from '../ops/rmsNorm/rmsNorm';
import { rotary, rotaryTables } from '../ops/rotary/rotary';
import type { ParameterLayout } from './parameters';
import type { PromptBatch } from './policy';

/** Sizes of a Llama-family transformer: RMSNorm, rotary positions, SwiGLU, tied embeddings, no biases. */
export interface TransformerSizes {
  readonly vocabulary: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly hidden: number;
  readonly promptLength: number;
  readonly completionLength: number;
}

export function transformerLayout({ vocabulary, width, layers, hidden }: TransformerSizes): ParameterLayout {
  const layer = (l: number) => [
    { name: `layers.${l}.attentionNorm`, shape: [width] },
    { name: `layers.${l}.query`, shape: [width, width] },
    { name: `layers.${l}.key`, shape: [width, width] },
    { name: `layers.${l}.value`, shape: [width, width] },
    { name: `layers.${l}.output`, shape: [width, width] },
    { name: `layers.${l}.mlpNorm`, shape: [width] },
    { name: `layers.${l}.gate`, shape: [width, hidden] },
    { name: `layers.${l}.up`, shape: [width, hidden] },
    { name: `layers.${l}.down`, shape: [hidden, width] },
  ];
  return [
    { name: 'embedding', shape: [vocabulary, width] },
    ...Array.from({ length: layers }, (_, l) => layer(l)).flat(),
    { name: 'finalNorm', shape: [width] },
  ];
}

export type Parameters = ReadonlyMap<string, tf.Tensor>;

/** What one layer's attention sees: the new tokens' queries, keys and values, rotated. // each [W·B, H, T, d] */
export interface HeadTensors {
  readonly q: tf.Tensor4D;
  readonly k: tf.Tensor4D;
  readonly v: tf.Tensor4D;
}

/** Attention over whatever the caller remembers; returns one output per new token. // [W·B, H, T, d] */
export type Attend = (layer: number, heads: HeadTensors) => tf.Tensor4D;

/**
 * All layers over T new tokens of each row.
 *
 * @param tokens int32  // [W, B·T]
 * @param first position of the first new token
 * @returns the final normed states  // [W, B·T, D]
 */
export function transformerStates(
  sizes: TransformerSizes,
  parameters: Parameters,
  tokens: tf.Tensor2D,
  count: number,
  first: number,
  attend: Attend,
): tf.Tensor3D {
  const { width, layers, heads } = sizes;
  const [sets, positions] = tokens.shape;
  const rows = (sets * positions) / count;
  const tables = rotaryTables(first, count, width / heads);
  const get = <T extends tf.Tensor>(name: string) => parameters.get(name) as T;
  // [W, B·T, D] → [W·B, H, T, d]
  const split = (x: tf.Tensor3D): tf.Tensor4D =>
    tf.transpose(tf.reshape(x, [rows, count, heads, width / heads]), [0, 2, 1, 3]);
  const join = (x: tf.Tensor4D): tf.Tensor3D => tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [sets, positions, width]);

  let x = gatherRows(get('embedding'), tokens); // [W, B·T, D]
  for (let l = 0; l < layers; l++) {
    const part = (name: string) => get<tf.Tensor3D>(`layers.${l}.${name}`);
    const h = rmsNorm(x, get(`layers.${l}.attentionNorm`));
    const heads4 = {
      q: rotary(split(fleetMatMul(h, part('query'))), tables),
      k: rotary(split(fleetMatMul(h, part('key'))), tables),
      v: split(fleetMatMul(h, part('value'))),
    };
    x = tf.add(x, fleetMatMul(join(attend(l, heads4)), part('output')));
    const m = rmsNorm(x, get(`layers.${l}.mlpNorm`));
    const gate = fleetMatMul(m, part('gate')); // [W, B·T, F]
    const gated = tf.mul(tf.mul(gate, tf.sigmoid(gate)), fleetMatMul(m, part('up')));
    x = tf.add(x, fleetMatMul(gated as tf.Tensor3D, part('down')));
  }
  return rmsNorm(x, get('finalNorm'));
}

/** The tied output matrix. // [W, D, V] */
export const unembedding = (parameters: Parameters): tf.Tensor3D =>
  tf.transpose(parameters.get('embedding') as tf.Tensor3D, [0, 2, 1]);

/** MASKED on padded prompt positions, 0 elsewhere. // [W·B, 1, 1, length] */
export function paddingMask(prompts: PromptBatch, length: number): tf.Tensor4D {
  const rows = prompts.sets * prompts.rows;
  const mask = new Float32Array(rows * length);
  for (let row = 0; row < rows; row++) {
    for (let t = 0; t < prompts.length; t++) {
      if (prompts.ids[row * prompts.length + t] === 0) mask[row * length + t] = MASKED;
    }
  }
  return tf.tensor4d(mask, [rows, 1, 1, length]);
}

/** MASKED above the diagonal. // [1, 1, T, T] */
export function causalMask(length: number): tf.Tensor4D {
  const mask = Float32Array.from({ length: length * length }, (_, i) =>
    i % length > Math.floor(i / length) ? MASKED : 0,
  );
  return tf.tensor4d(mask, [1, 1, length, length]);
}
