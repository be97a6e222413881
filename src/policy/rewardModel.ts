import { rotaryTurns } from '../math/rotary';
import { encodeLlama, EPSILON, parseLlama, type LlamaModel } from './llama';
import { encodeSafetensors, parseSafetensors } from './safetensors';
import { readJson } from './textModel';
import { ROTARY_BASE, transformerOffsets } from './transformer';

/**
 * A learnt reward: a transformer with a scalar head, in one file whose tensors are those of `transformers`'
 * LlamaForSequenceClassification with one label; the file's metadata carry `config.json` (as `llama`) and
 * `tokenizer.json`.
 */
export interface RewardModel extends LlamaModel {
  /** A text's reward is its last token's state, after the last norm, by this. // [width] */
  readonly head: Float32Array;
  /** `tokenizer.json`, as text. */
  readonly tokenizer: string;
  /** Tokens that it reads; what stands behind them it does not see. */
  readonly length: number;
  /** How it came to be. */
  readonly origin: Readonly<Record<string, string>>;
}

const HEAD = 'score.weight';
const MOST_TOKENS = 512;

export function encodeRewardModel(model: RewardModel): Uint8Array<ArrayBuffer> {
  const { head, tokenizer, length, origin, sizes } = model;
  const { config, tensors } = encodeLlama(model, length);
  const llama = { ...config, architectures: ['LlamaForSequenceClassification'], id2label: { 0: 'reward' } };
  const metadata = { ...origin, format: 'pt', llama: JSON.stringify(llama), tokenizer, reads: `${length}` };
  return encodeSafetensors({
    metadata,
    tensors: [...tensors, { name: HEAD, shape: [1, sizes.width], values: head }],
  });
}

/** Reads such a file from an untrusted source. Throws an Error that says what is broken or foreign about it. */
export function parseRewardModel(bytes: Uint8Array): RewardModel {
  const { metadata, tensors } = parseSafetensors(bytes);
  const { format: _, llama, tokenizer, reads, ...origin } = metadata;
  const head = tensors.find(({ name }) => name === HEAD);
  if (llama === undefined || tokenizer === undefined || !head) {
    throw new Error('the file is no reward model: lab reward writes one');
  }
  const length = Number(reads);
  if (!Number.isInteger(length) || length < 1 || length > MOST_TOKENS) {
    throw new Error(`the file's reads is not a whole number from 1 to ${MOST_TOKENS}`);
  }
  const others = tensors.filter((tensor) => tensor !== head);
  const model = parseLlama(readJson('the file’s llama', llama), others);
  if (head.values.length !== model.sizes.width) {
    throw new Error(`${HEAD} has ${head.values.length} numbers; expected ${model.sizes.width}`);
  }
  return { ...model, head: Float32Array.from(head.values), tokenizer, length, origin };
}

/**
 * The reward of a text's every beginning, by plain loops: a reward model is small, and its oracle answers at once,
 * without a device.
 *
 * @param ids of the text, the beginning token first  // [T]
 * @returns // [T]
 */
export function rewardsAlong({ sizes, weights, head }: RewardModel, ids: readonly number[]): Float64Array {
  const { width, heads, hidden, layers, rotaryBase = ROTARY_BASE } = sizes;
  const offsets = transformerOffsets(sizes);
  const gain = (at: number) => weights.subarray(at, at + width);
  const matrix = (at: number, size: number) => weights.subarray(at, at + size);
  const length = ids.length;
  /** By layer: keys and values of the tokens so far. // [T, width] */
  const kept = Array.from({ length: layers }, () => ({
    keys: new Float64Array(length * width),
    values: new Float64Array(length * width),
  }));
  const rewards = new Float64Array(length);
  ids.forEach((id, position) => {
    const state = Float64Array.from(weights.subarray(id * width, (id + 1) * width));
    const turns = rotaryTurns(width / heads, position, rotaryBase);
    offsets.layers.forEach((at, l) => {
      const { keys, values } = kept[l]!;
      const normed = rmsNorm(state, gain(at.attentionNorm));
      const project = (start: number) => product(normed, matrix(start, width * width), width);
      const query = rotate(project(at.query), turns);
      keys.set(rotate(project(at.key), turns), position * width);
      values.set(project(at.value), position * width);
      const attended = attention(query, keys, values, heads, position);
      addTo(state, product(attended, matrix(at.output, width * width), width));
      const again = rmsNorm(state, gain(at.mlpNorm));
      const gate = product(again, matrix(at.gate, width * hidden), hidden);
      const up = product(again, matrix(at.up, width * hidden), hidden);
      const activated = gate.map((g, i) => (g / (1 + Math.exp(-g))) * up[i]!);
      addTo(state, product(activated, matrix(at.down, hidden * width), width));
    });
    const last = rmsNorm(state, gain(offsets.finalNorm));
    rewards[position] = last.reduce((sum, x, i) => sum + x * head[i]!, 0);
  });
  return rewards;
}

function rmsNorm(x: Float64Array, gain: Float32Array): Float64Array {
  let squares = 0;
  for (let i = 0; i < x.length; i++) squares += x[i]! * x[i]!;
  const scale = 1 / Math.sqrt(squares / x.length + EPSILON);
  const out = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) out[i] = x[i]! * scale * gain[i]!;
  return out;
}

/** @param matrix // [x.length, columns] */
function product(x: Float64Array, matrix: Float32Array, columns: number): Float64Array {
  const out = new Float64Array(columns);
  for (let i = 0; i < x.length; i++) {
    const [v, row] = [x[i]!, i * columns];
    for (let j = 0; j < columns; j++) out[j]! += v * matrix[row + j]!;
  }
  return out;
}

function addTo(x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i]! += y[i]!;
}

/** @param turns from `rotaryTurns` */
function rotate(x: Float64Array, turns: Float64Array): Float64Array {
  const half = turns.length / 2;
  const out = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += turns.length) {
    for (let i = 0; i < half; i++) {
      const [cos, sin] = [turns[i]!, turns[half + i]!];
      const [first, second] = [x[start + i]!, x[start + half + i]!];
      out[start + i] = first * cos - second * sin;
      out[start + half + i] = second * cos + first * sin;
    }
  }
  return out;
}

/** Of one position's query over the positions up to it. */
function attention(
  query: Float64Array,
  keys: Float64Array,
  values: Float64Array,
  heads: number,
  position: number,
): Float64Array {
  const width = query.length;
  const size = width / heads;
  const out = new Float64Array(width);
  for (let start = 0; start < width; start += size) {
    const scores = new Float64Array(position + 1);
    for (let p = 0; p <= position; p++) {
      let sum = 0;
      for (let i = start; i < start + size; i++) sum += query[i]! * keys[p * width + i]!;
      scores[p] = sum / Math.sqrt(size);
    }
    const most = Math.max(...scores);
    let total = 0;
    for (let p = 0; p <= position; p++) total += scores[p] = Math.exp(scores[p]! - most);
    for (let p = 0; p <= position; p++) {
      const share = scores[p]! / total;
      for (let i = start; i < start + size; i++) out[i]! += share * values[p * width + i]!;
    }
  }
  return out;
}
