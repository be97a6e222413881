import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { completionBatch, promptBatch } from '../../src/policy/batches';
import { composedTransformerPolicy } from '../../src/policy/composed/composedPolicy';
import { parameterCount, sizeOf } from '../../src/policy/parameters';
import { POLICY, REFERENCE, type Policy, type SamplingRequest } from '../../src/policy/policy';
import { transformerLayout, type TransformerSizes } from '../../src/policy/transformer';
import { transformerPolicy } from '../../src/policy/transformerPolicy';
import { initialWeights } from '../../src/reference/pretrain';
import { preferenceGradient } from '../../src/training/preferenceGradient';
import { sampleCompletions, type SampledCompletions } from '../../src/training/sampleCompletions';
import { forEachBackend, useBackend } from '../support/backends';
import { expectNear, take, TOLERANCE } from '../support/numbers';

/**
 * The transformer at a vocabulary and a length beyond those of the stories, narrow and with few rows: what it draws and its
 * gradient, against the transformer in stock ops on the plain CPU.
 */

const RUNS = 2;
const ROWS = 4;
const SIZES: TransformerSizes = {
  vocabulary: 2000,
  width: 16,
  layers: 2,
  heads: 2,
  hidden: 24,
  promptLength: 5,
  completionLength: 64,
};
const COUNT = parameterCount(transformerLayout(SIZES));
const PROMPTS = [[1, 1999, 700], [1, 12, 1300, 44, 9], [1], [1, 256, 257, 1024]];

/** The runs' policies have gone a little way from their references. */
const references = [11, 12].map((seed) => initialWeights(SIZES, seed));
const policies = references.map((weights, run) => weights.map((weight, i) => weight + 0.02 * Math.sin(0.7 * i + run)));
const WEIGHTS = Float32Array.from([...policies, ...references].flatMap((weights) => [...weights]));
const onDevice = () => tf.tensor2d(WEIGHTS.slice(), [2 * RUNS, COUNT]);

/** Rows of the policy, of the reference, and of both. */
const INTERPOLATION = [0, -1, 0.5, -0.5];

const request = (): SamplingRequest => ({
  prompts: promptBatch(RUNS, ROWS, SIZES.promptLength, (row) => PROMPTS[row % ROWS]!),
  policySets: [0, 1],
  referenceSets: [2, 3],
  settings: tf.tensor3d(
    [...INTERPOLATION, ...INTERPOLATION, ...new Array<number>(RUNS * ROWS).fill(1)],
    [2, RUNS, ROWS],
  ),
  models: Uint8Array.from({ length: RUNS * ROWS }, (_, row) => [POLICY, REFERENCE, 3, 3][row % ROWS]!),
  seeds: [5, 6],
  stream: 2,
  step: 3,
  measure: false,
});

async function drawn(policy: Policy): Promise<SampledCompletions> {
  const weights = onDevice();
  const found = await sampleCompletions(policy, weights, request());
  weights.dispose();
  return found;
}

const rowOf = (values: Float32Array, row: number): Float32Array => values.filter((_, i) => i % (RUNS * ROWS) === row);

/** A pair is chosen and rejected; one completion ends before the others. */
async function gradientOf(policy: Policy, { tokens, referenceLogProbs }: SampledCompletions): Promise<Float32Array> {
  const lengthOf = (row: number) => (row === 2 ? 37 : SIZES.completionLength);
  const texts = Array.from({ length: RUNS }, (_, run) =>
    PROMPTS.map((prompt, b) => ({ prompt, completion: rowOf(tokens, run * ROWS + b).subarray(0, lengthOf(b)) })),
  );
  const reference = Float32Array.from({ length: RUNS * ROWS }, (_, row) =>
    rowOf(referenceLogProbs, row)
      .subarray(0, lengthOf(row % ROWS))
      .reduce((sum, logProb) => sum + logProb, 0),
  );
  const found = tf.tidy(() =>
    preferenceGradient(
      policy,
      onDevice(),
      {
        completions: completionBatch(SIZES, texts),
        referenceLogProbs: reference,
        pairWeights: tf.fill([RUNS, ROWS / 2], 2 / ROWS),
      },
      [0.1, 0.3].map((beta) => ({ kind: 'dpo', beta, smoothing: 0 })),
    ),
  );
  found.losses.dispose();
  return take(found.gradient);
}

/** In stock ops on the plain CPU. */
async function specify() {
  const policy = composedTransformerPolicy(SIZES);
  const samples = await drawn(policy);
  return { samples, gradient: await gradientOf(policy, samples) };
}

let specified: ReturnType<typeof specify> | undefined;

describe('the transformer at a vocabulary of 2,000 and completions of 64 tokens', () => {
  forEachBackend((name) => {
    it('draws the tokens of its composed form, with their log-probs, and has its DPO gradient', async () => {
      await useBackend('cpu');
      const { samples, gradient } = await (specified ??= specify());
      await useBackend(name);
      const policy = transformerPolicy(SIZES);
      const found = await drawn(policy);
      expect(found.tokens).toEqual(samples.tokens);
      expect(Math.max(...found.tokens), 'tokens of the whole vocabulary').toBeGreaterThan(1900);
      expectNear(found.policyLogProbs, samples.policyLogProbs, TOLERANCE[name], 'log-probs under the policy');
      expectNear(found.referenceLogProbs, samples.referenceLogProbs, TOLERANCE[name], 'log-probs under the reference');

      const slopes = await gradientOf(policy, samples);
      for (let run = 0; run < RUNS; run++) {
        let at = run * COUNT;
        for (const { name: parameter, shape } of policy.layout) {
          const end = at + sizeOf(shape);
          const [ours, theirs] = [slopes.subarray(at, end), gradient.subarray(at, end)];
          expectNear(ours, theirs, TOLERANCE[name], `gradient of run ${run}, ${parameter}`);
          at = end;
        }
      }
    });
  });
});
