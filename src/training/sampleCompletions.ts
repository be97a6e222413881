import * as tf from '@tensorflow/tfjs-core';
import { POLICY, type Policy, type SamplingRequest } from '../policy/policy';
import { blockRows } from './memory';
import { readTogether } from './readTogether';

/** Arrays over [token][run][row]; what lies behind a completion's end has no meaning. */
export interface SampledCompletions {
  readonly tokens: Float32Array; // [C, R, B]
  /** Nats, of π_θ whatever the row was drawn from. */
  readonly policyLogProbs: Float32Array; // [C, R, B]
  readonly referenceLogProbs: Float32Array; // [C, R, B]
  /** Nats at each position; null where not measured. */
  readonly kl: Float32Array | null; // [C, R, B]
  readonly entropy: Float32Array | null; // [C, R, B]
}

/**
 * Samples a completion for every row of every run, block by block where all rows would take too much memory.
 * Everything is on its way to the device when this returns; the promise is the single read-back of a block.
 *
 * @param weights flat  // [S, N]
 * @param request its settings are used up
 * @param most rows that are sampled at once, of all runs
 */
export async function sampleCompletions(
  policy: Policy,
  weights: tf.Tensor2D,
  request: SamplingRequest,
  most = blockRows(policy),
): Promise<SampledCompletions> {
  const { sets, rows } = request.prompts;
  const size = Math.max(1, Math.floor(most / sets));
  if (rows <= size) return sampleBlock(policy, weights, request);
  const blocks = Array.from({ length: Math.ceil(rows / size) }, (_, b) =>
    rowsOf(request, b * size, Math.min(rows, (b + 1) * size)),
  ).map((block) => sampleBlock(policy, weights, block));
  request.settings.dispose();
  return joined(await Promise.all(blocks), sets, policy.completionLength);
}

/** Rows of every run, from one to before another; the caller disposes the settings. */
function rowsOf(request: SamplingRequest, start: number, end: number): SamplingRequest {
  const { prompts, models, settings } = request;
  const { sets, rows, length } = prompts;
  const of = <T extends Int32Array | Uint8Array>(values: T, width: number): T => {
    const parts = Array.from({ length: sets }, (_, r) =>
      values.subarray((r * rows + start) * width, (r * rows + end) * width),
    );
    const found = values.slice(0, sets * (end - start) * width) as T;
    parts.forEach((part, r) => found.set(part, r * (end - start) * width));
    return found;
  };
  return {
    ...request,
    prompts: { ...prompts, rows: end - start, ids: of(prompts.ids, length) },
    models: of(models, 1),
    settings: tf.slice(settings, [0, 0, start], [2, sets, end - start]),
    firstRow: start,
  };
}

/** Blocks of rows, one after the other. */
function joined(blocks: readonly SampledCompletions[], sets: number, length: number): SampledCompletions {
  const lines = length * sets;
  const join = (arrays: readonly Float32Array[]): Float32Array => {
    const rows = arrays.reduce((sum, array) => sum + array.length / lines, 0);
    const all = new Float32Array(lines * rows);
    let first = 0;
    for (const array of arrays) {
      const own = array.length / lines;
      for (let l = 0; l < lines; l++) all.set(array.subarray(l * own, (l + 1) * own), l * rows + first);
      first += own;
    }
    return all;
  };
  const [{ kl, entropy }] = blocks as [SampledCompletions];
  return {
    tokens: join(blocks.map((block) => block.tokens)),
    policyLogProbs: join(blocks.map((block) => block.policyLogProbs)),
    referenceLogProbs: join(blocks.map((block) => block.referenceLogProbs)),
    kl: kl && join(blocks.map((block) => block.kl!)),
    entropy: entropy && join(blocks.map((block) => block.entropy!)),
  };
}

function sampleBlock(policy: Policy, weights: tf.Tensor2D, request: SamplingRequest): Promise<SampledCompletions> {
  const sampled = policy.sample(weights, request);
  policy.complete(weights, request, sampled);
  request.settings.dispose();
  const { tokens, logProbs, measures } = sampled;
  return readTogether([tokens, logProbs, ...(measures ? [measures] : [])]).then(([ids, both, measured]) => {
    const half = ids!.length / policy.completionLength;
    const [policyLogProbs, referenceLogProbs] = halves(both!, half, policy.completionLength);
    const [kl, entropy] = measured ? halves(measured, half, policy.completionLength) : [null, null];
    return { tokens: ids!, policyLogProbs, referenceLogProbs, kl, entropy };
  });
}

/** A request for completions of π_θ itself: a = 0, temperature 1. The caller disposes its settings. */
export function plainRequest(request: Omit<SamplingRequest, 'settings' | 'models'>): SamplingRequest {
  const { sets, rows } = request.prompts;
  const settings = tf.tidy(() => tf.stack([tf.zeros([sets, rows]), tf.ones([sets, rows])])) as tf.Tensor3D;
  return { ...request, settings, models: new Uint8Array(sets * rows).fill(POLICY) };
}

/** Splits [C, 2, half] into two arrays of [C, half]. */
function halves(values: Float32Array, half: number, count: number): [Float32Array, Float32Array] {
  const first = new Float32Array(count * half);
  const second = new Float32Array(count * half);
  for (let t = 0; t < count; t++) {
    first.set(values.subarray(2 * t * half, (2 * t + 1) * half), t * half);
    second.set(values.subarray((2 * t + 1) * half, (2 * t + 2) * half), t * half);
  }
  return [first, second];
}
