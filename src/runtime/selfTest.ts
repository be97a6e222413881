import * as tf from '@tensorflow/tfjs-core';
import { updateAdamW } from '../ops/adamW/adamW';
import { parameterCount } from '../policy/parameters';
import { POLICY, REFERENCE, type CompletionBatch, type SamplingRequest } from '../policy/policy';
import type { TransformerSizes } from '../policy/transformer';
import { transformerPolicy } from '../policy/transformerPolicy';

const TOLERANCE = 1e-3;
const RUNS = 2;
const ROWS = 4;
const SIZES: TransformerSizes = {
  vocabulary: 21,
  width: 16,
  layers: 1,
  heads: 2,
  hidden: 12,
  promptLength: 2,
  completionLength: 3,
};
const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };

/** Smooth, sign-changing numbers; any fixed ones would do. */
const wave = (count: number, phase: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => 0.5 * Math.sin(0.7 * i + phase));

/** A training step in small on the current backend: sampling under both models, log-probs, gradient, update. */
async function probe(): Promise<{ numbers: Float32Array[]; tokens: Float32Array }> {
  const policy = transformerPolicy(SIZES);
  const count = parameterCount(policy.layout);
  const rows = RUNS * ROWS;
  const ids = (size: number) => Int32Array.from({ length: size }, (_, i) => 1 + ((5 * i) % (SIZES.vocabulary - 1)));
  const prompts = { sets: RUNS, rows: ROWS, length: SIZES.promptLength, ids: ids(rows * SIZES.promptLength) };
  const batch: CompletionBatch = {
    prompts,
    length: SIZES.completionLength,
    ids: ids(rows * SIZES.completionLength),
    mask: new Float32Array(rows * SIZES.completionLength).fill(1),
  };
  const state = {
    weights: tf.tensor2d(wave((RUNS + 1) * count, 0.1), [RUNS + 1, count]),
    mean: tf.tensor2d(wave(RUNS * count, 0.2), [RUNS, count]),
    square: tf.ones([RUNS, count]) as tf.Tensor2D,
  };
  const settings = tf.tidy(() => tf.stack([tf.fill([RUNS, ROWS], 0.5), tf.ones([RUNS, ROWS])])) as tf.Tensor3D;
  const request: SamplingRequest = {
    prompts,
    policySets: [0, 1],
    referenceSets: [RUNS, RUNS],
    settings,
    // The last row of each run is decoded by one model, the other model's log-probs come after it.
    models: Uint8Array.from({ length: rows }, (_, row) => (row % ROWS === 3 ? POLICY : POLICY | REFERENCE)),
    seeds: [1, 2],
    stream: 2,
    step: 3,
    measure: false,
  };
  const sampled = policy.sample(state.weights, request);
  policy.complete(state.weights, request, sampled);
  const pass = policy.forward(state.weights, batch);
  const slopes = tf.tensor1d(wave(rows, 0.3));
  const gradient = pass.gradient(slopes);
  updateAdamW({ ...state, gradient, factors: null, learningRates: [1, 0.1], step: 1, settings: ADAMW });
  const read = [sampled.logProbs, pass.logProbs, gradient, state.weights];
  const numbers = (await Promise.all(read.map((tensor) => tensor.data()))) as Float32Array[];
  const result = {
    numbers: numbers.map((values) => values.slice()),
    tokens: (await sampled.tokens.data()) as Float32Array,
  };
  pass.dispose();
  tf.dispose([sampled.tokens, sampled.logProbs, gradient, slopes, settings]);
  tf.dispose(state);
  return result;
}

/** Runs the same computation on a backend of tfjs and on the plain CPU. Throws an Error that says by how much they differ. */
export async function selfTest(name: 'webgpu' | 'wasm' | 'cpu'): Promise<void> {
  await tf.setBackend('cpu');
  const expected = await probe();
  await tf.setBackend(name);
  const found = await probe();
  // Tokens first: other tokens have other log-probs.
  if (expected.tokens.some((token, i) => token !== found.tokens[i]))
    throw new Error('it draws other tokens than the CPU does.');
  expected.numbers.forEach((numbers, i) => {
    const scale = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const differences = numbers.map((value, j) => Math.abs(value - found.numbers[i]![j]!));
    // Written so that a NaN fails.
    const worst = differences.find((difference) => !(difference <= TOLERANCE * scale));
    if (worst === undefined) return;
    throw new Error(`it computes wrong numbers here (off by ${worst} where ${scale} is the largest).`);
  });
}
