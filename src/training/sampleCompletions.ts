import * as tf from '@tensorflow/tfjs-core';
import { POLICY, type Policy, type SamplingRequest } from '../policy/policy';
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
 * Samples a completion for every row of every run. Everything is on its way to the device when this returns; the
 * promise is the single read-back.
 *
 * @param weights flat  // [S, N]
 * @param request its settings are used up
 */
export function sampleCompletions(
  policy: Policy,
  weights: tf.Tensor2D,
  request: SamplingRequest,
): Promise<SampledCompletions> {
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
