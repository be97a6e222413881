import * as tf from '@tensorflow/tfjs-core';
import { sampleTokens } from '../ops/sampleTokens/sampleTokens';
import type { Policy, PromptBatch } from '../policy/policy';
import { readTogether } from './readTogether';

/** How a fleet's completions are drawn; every row has its own coefficients. */
export interface SamplingRequest {
  /** Policies' weights above their references'. // [2R, N] */
  readonly weights: tf.Tensor2D;
  /** The same prompts for policies and references. // sets = R */
  readonly prompts: PromptBatch;
  readonly coefficients: tf.Tensor2D; // [R, B]
  readonly scales: tf.Tensor2D; // [R, B]
  readonly seeds: tf.Tensor1D; // [R]
  readonly stream: number;
  readonly step: number;
  /** Also measure KL(π_θ‖π_ref) and entropy at every position, over the full vocabulary. */
  readonly measure: boolean;
}

/** Run seeds as the draw kernel takes them: 32 bits, whatever their sign. // int32 [R] */
export const seedTensor = (seeds: readonly number[]): tf.Tensor1D =>
  tf.tensor1d(
    Int32Array.from(seeds, (seed) => seed | 0),
    'int32',
  );

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
 * Samples a completion for every row of every run. Policies and references decode together as 2R weight sets;
 * tokens stay on the device until the single read-back at the end.
 */
export async function sampleCompletions(policy: Policy, request: SamplingRequest): Promise<SampledCompletions> {
  const { tokens, logProbs, measures } = decode(policy, request);
  const [tokenValues, both, measured] = await readTogether([tokens, logProbs, ...(measures ? [measures] : [])]);
  const { completionLength } = policy;
  const half = tokenValues!.length / completionLength;
  const [policyLogProbs, referenceLogProbs] = halves(both!, half, completionLength);
  const [kl, entropy] = measured ? halves(measured, half, completionLength) : [null, null];
  return { tokens: tokenValues!, policyLogProbs, referenceLogProbs, kl, entropy };
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

interface Decoded {
  readonly tokens: tf.Tensor; // [C, R, B]
  readonly logProbs: tf.Tensor; // [C, 2R, B]
  readonly measures: tf.Tensor | null; // [C, 2R, B]: KL, then entropy
}

function decode(policy: Policy, request: SamplingRequest): Decoded {
  const { prompts, weights } = request;
  const doubled: PromptBatch = { ...prompts, sets: 2 * prompts.sets, ids: twice(prompts.ids) };
  const decoder = policy.startDecoding(weights, doubled);
  const tokens: tf.Tensor2D[] = [];
  const logProbs: tf.Tensor2D[] = [];
  const measures: tf.Tensor2D[] = [];
  for (let token = 0; token < policy.completionLength; token++) {
    const chosen = sampleTokens(decoder.logits, request.coefficients, request.scales, request.seeds, {
      stream: request.stream,
      step: request.step,
      token,
    });
    const both = tf.tidy(() => tf.concat([chosen, chosen], 0));
    tokens.push(chosen);
    logProbs.push(tf.tidy(() => decoder.logProbs(both)));
    if (request.measure) measures.push(tf.tidy(() => measureRows(decoder.logits)));
    if (token + 1 < policy.completionLength) decoder.advance(both);
    both.dispose();
  }
  decoder.dispose();
  const stack = (list: tf.Tensor2D[]): tf.Tensor => {
    const stacked = tf.stack(list);
    tf.dispose(list);
    return stacked;
  };
  return { tokens: stack(tokens), logProbs: stack(logProbs), measures: request.measure ? stack(measures) : null };
}

/** KL(π_θ‖π_ref) and the entropy of π_θ, summed over the vocabulary, in nats. // [2R, B, V] → [2R, B] */
export function measureRows(logits: tf.Tensor3D): tf.Tensor2D {
  const [policy, reference] = tf.split(tf.logSoftmax(logits), 2, 0) as [tf.Tensor3D, tf.Tensor3D];
  const probabilities = tf.exp(policy);
  const kl = tf.sum(tf.mul(probabilities, tf.sub(policy, reference)), -1);
  const entropy = tf.neg(tf.sum(tf.mul(probabilities, policy), -1));
  return tf.concat([kl, entropy], 0) as tf.Tensor2D;
}

function twice(ids: Int32Array): Int32Array {
  const out = new Int32Array(2 * ids.length);
  out.set(ids);
  out.set(ids, ids.length);
  return out;
}
