import * as tf from '@tensorflow/tfjs-core';
import { attention, MASKED } from '../ops/attention/attention';
import { fleetMatMul } from '../ops/fleetMatMul/fleetMatMul';
import { tokenLogProb } from '../ops/tokenLogProb/tokenLogProb';
import { writeCache } from '../ops/writeCache/writeCache';
import { unflatten, type ParameterLayout } from './parameters';
import type { Decoder, PromptBatch } from './policy';
import {
  causalMask,
  paddingMask,
  transformerStates,
  unembedding,
  type HeadTensors,
  type Parameters,
  type TransformerSizes,
} from './transformer';

/** Keys and values of every layer seen so far, padded to the full length. // each [W·B·H, Tmax, d] */
interface Cache {
  keys: tf.Tensor3D[];
  values: tf.Tensor3D[];
}

/**
 * Decoding with a key–value cache of fixed size: the prompt in one pass, then one token at a time.
 *
 * @param flat weights  // [W, N]
 */
export function transformerDecoder(
  sizes: TransformerSizes,
  layout: ParameterLayout,
  flat: tf.Tensor2D,
  prompts: PromptBatch,
): Decoder {
  const length = prompts.length + sizes.completionLength;
  const rows = prompts.sets * prompts.rows;
  const cache: Cache = { keys: [], values: [] };
  const held = tf.tidy(() => {
    const parameters = unflatten(layout, flat);
    return {
      parameters: [...parameters.values()],
      out: unembedding(parameters),
      padding: paddingMask(prompts, length),
    };
  });
  const parameters: Parameters = new Map(layout.map((p, i) => [p.name, held.parameters[i]!]));

  const logitsOf = (states: tf.Tensor3D): tf.Tensor3D => fleetMatMul(states, held.out);

  function prefill(): tf.Tensor3D {
    return tf.tidy(() => {
      const tokens = tf.tensor2d(prompts.ids, [prompts.sets, prompts.rows * prompts.length], 'int32');
      const padding = tf.slice(held.padding, [0, 0, 0, 0], [-1, -1, -1, prompts.length]);
      const mask = tf.add(causalMask(prompts.length), padding) as tf.Tensor4D;
      const states = transformerStates(sizes, parameters, tokens, prompts.length, 0, (layer, { q, k, v }) => {
        cache.keys[layer] = tf.keep(padToLength(k, length));
        cache.values[layer] = tf.keep(padToLength(v, length));
        return attention(q, k, v, mask);
      });
      const last = tf.slice(
        tf.reshape(states, [rows, prompts.length, sizes.width]),
        [0, prompts.length - 1, 0],
        [-1, 1, -1],
      );
      return logitsOf(tf.reshape(last, [prompts.sets, prompts.rows, sizes.width]));
    });
  }

  /** One token's attention: append to the cache, look at all of it up to here. */
  function attendCached(layer: number, { q, k, v }: HeadTensors, position: number, mask: tf.Tensor4D): tf.Tensor4D {
    const width = sizes.width / sizes.heads;
    const flatRows = (x: tf.Tensor4D): tf.Tensor3D => tf.reshape(x, [rows * sizes.heads, 1, width]);
    const all = (x: tf.Tensor3D): tf.Tensor4D => tf.reshape(x, [rows, sizes.heads, length, width]);
    cache.keys[layer] = tf.keep(writeCache(cache.keys[layer]!, flatRows(k), position));
    cache.values[layer] = tf.keep(writeCache(cache.values[layer]!, flatRows(v), position));
    return attention(q, all(cache.keys[layer]), all(cache.values[layer]), mask);
  }

  function step(tokens: tf.Tensor2D, position: number): tf.Tensor3D {
    return tf.tidy(() => {
      const mask = tf.add(held.padding, futureMask(length, position)) as tf.Tensor4D;
      const states = transformerStates(sizes, parameters, tokens, 1, position, (layer, heads) =>
        attendCached(layer, heads, position, mask),
      );
      return logitsOf(states);
    });
  }

  let logits = prefill();
  let position = prompts.length;
  return {
    get logits() {
      return logits;
    },
    logProbs: (tokens) => tokenLogProb(logits, tokens),
    advance(tokens) {
      const next = step(tokens, position++);
      logits.dispose();
      logits = next;
    },
    dispose() {
      tf.dispose([logits, ...cache.keys, ...cache.values, ...held.parameters, held.out, held.padding]);
    },
  };
}

/** [N, H, T, d] → [N·H, length, d], zeros behind. */
function padToLength(x: tf.Tensor4D, length: number): tf.Tensor3D {
  const [n, heads, count, width] = x.shape;
  const flat = tf.reshape(x, [n * heads, count, width]) as tf.Tensor3D;
  return tf.pad(flat, [
    [0, 0],
    [0, length - count],
    [0, 0],
  ]);
}

/** MASKED behind the current position. // [1, 1, 1, length] */
function futureMask(length: number, position: number): tf.Tensor4D {
  const mask = Float32Array.from({ length }, (_, t) => (t > position ? MASKED : 0));
  return tf.tensor4d(mask, [1, 1, 1, length]);
}
