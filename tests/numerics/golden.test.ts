import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adamW, clipByRunNorm, type AdamWState } from '../../src/ops/adamW/adamW';
import { logSigmoid } from '../../src/ops/logSigmoid/logSigmoid';
import { sizeOf, unflatten } from '../../src/policy/parameters';
import type { CompletionBatch, Policy } from '../../src/policy/policy';
import { tabularPolicy } from '../../src/policy/tabular';
import { transformerPolicy } from '../../src/policy/transformerPolicy';
import { dpoGradient, dpoLoss, type PreferenceBatch } from '../../src/training/dpo';
import { measureRows } from '../../src/training/sampleCompletions';
import losses from '../golden/losses.json';
import golden from '../golden/transformer.json';
import { forEachBackend, type BackendName } from '../support/backends';
import { expectNear, take, TOLERANCE, withoutOwnKernels } from '../support/numbers';

/** PyTorch's float64 values (tests/golden/make_golden.py) against both forms of our ops. */

const { runs, rows, sizes } = golden;
const policy = transformerPolicy(sizes);
const count = golden.parameters.length / runs;

const batch: CompletionBatch = {
  prompts: { sets: runs, rows, length: sizes.promptLength, ids: Int32Array.from(golden.prompts) },
  length: sizes.completionLength,
  ids: Int32Array.from(golden.completions),
  mask: Float32Array.from(golden.mask),
};

const flat = (values: readonly number[], sets: number) => tf.tensor2d(values as number[], [sets, values.length / sets]);

/** Our kernels where the backend has them, and the stock ops that specify them. WebGPU runs the stock ops anyway. */
function forEachForm(body: (name: BackendName) => void): void {
  forEachBackend((name) => {
    describe('as it runs', () => body(name));
    if (name === 'webgpu') return;
    describe('composed', () => {
      let restore: () => void;
      beforeAll(() => void (restore = withoutOwnKernels()));
      afterAll(() => restore());
      body(name);
    });
  });
}

/** Trains by AdamW; each step's losses [R] and weights [R, N], and the norms of the gradients before clipping. */
async function train(
  trained: Policy,
  start: tf.Tensor2D,
  preferences: Omit<PreferenceBatch, 'weights'>,
  betas: readonly number[],
  rates: readonly number[],
  settings: {
    beta1: number;
    beta2: number;
    epsilon: number;
    weightDecay: number;
    clip: number | null;
    steps: number;
  },
) {
  const pairs = preferences.completions.prompts.rows / 2;
  const shared = tf.tidy(() => ({
    betas: tf.tensor2d([...betas], [betas.length, 1]),
    rates: tf.tensor2d([...rates], [rates.length, 1]),
    weights: tf.ones([betas.length, pairs]) as tf.Tensor2D,
  }));
  let state: AdamWState = { weights: start, mean: tf.zerosLike(start), square: tf.zerosLike(start) };
  const path = { losses: [] as Float32Array[], weights: [] as Float32Array[], norms: [] as Float32Array[] };
  for (let step = 1; step <= settings.steps; step++) {
    const { loss, gradient } = dpoGradient(
      trained,
      state.weights,
      { ...preferences, weights: shared.weights },
      shared.betas,
    );
    const next = tf.tidy(() => {
      const clipped = settings.clip === null ? gradient : clipByRunNorm(gradient, settings.clip);
      return adamW(state, clipped, shared.rates, step, settings);
    });
    path.norms.push(await take(tf.tidy(() => tf.norm(gradient, 2, 1))));
    path.losses.push(await take(loss));
    path.weights.push((await next.weights.data()) as Float32Array);
    tf.dispose([gradient, state.weights, state.mean, state.square]);
    state = next;
  }
  tf.dispose([state.weights, state.mean, state.square, shared.betas, shared.rates, shared.weights]);
  return path;
}

/** [S][R] → [R, S], as the golden files have it. */
const byRun = (steps: readonly Float32Array[]): number[] =>
  Array.from(steps[0]!, (_, r) => steps.map((values) => values[r]!)).flat();

describe('transformer', () => {
  forEachForm((name) => {
    const tolerance = TOLERANCE[name];

    it('decodes token by token to the logits, KL and entropy of every visited position', async () => {
      const weights = flat([...golden.parameters, ...golden.reference], 2 * runs);
      const ids = Int32Array.from([...golden.prompts, ...golden.prompts]);
      const decoder = policy.startDecoding(weights, { sets: 2 * runs, rows, length: sizes.promptLength, ids });
      const logits: Float32Array[] = [];
      const measures: Float32Array[] = [];
      for (let t = 0; t < sizes.completionLength; t++) {
        logits.push((await decoder.logits.data()) as Float32Array);
        measures.push(await take(tf.tidy(() => measureRows(decoder.logits))));
        if (t + 1 === sizes.completionLength) continue;
        const column = batch.ids.filter((_, i) => i % sizes.completionLength === t);
        const tokens = tf.tensor2d(Int32Array.from([...column, ...column]), [2 * runs, rows], 'int32');
        decoder.advance(tokens);
        tokens.dispose();
      }
      decoder.dispose();
      weights.dispose();

      /** [C][2, R·B, width] → [2][R·B, C, width], 0 where masked */
      const arranged = (steps: readonly Float32Array[], half: number, width: number): number[] =>
        Array.from(batch.mask, (visited, i) => {
          const position = half * runs * rows + Math.floor(i / sizes.completionLength);
          const values = steps[i % sizes.completionLength]!.subarray(position * width, (position + 1) * width);
          return Array.from(values, (value) => value * visited);
        }).flat();
      expectNear(arranged(logits, 0, sizes.vocabulary), golden.logits, tolerance, 'logits');
      expectNear(arranged(logits, 1, sizes.vocabulary), golden.referenceLogits, tolerance, 'reference logits');
      const kl = arranged(measures, 0, 1);
      const entropy = arranged(measures, 1, 1);
      expectNear(kl, golden.tokenKl, tolerance, 'KL per token');
      expectNear(entropy, golden.tokenEntropy, tolerance, 'entropy per token');
      expectNear(perSequence(kl), golden.sequenceKl, tolerance, 'KL per sequence');
      expectNear(perSequence(entropy), golden.sequenceEntropy, tolerance, 'entropy per sequence');
    });

    it.each([
      ['policy', golden.parameters, golden.tokenLogProbs, golden.sequenceLogProbs],
      ['reference', golden.reference, golden.referenceTokenLogProbs, golden.referenceSequenceLogProbs],
    ] as const)('gives the log-probs of tokens and sequences under the %s', async (_, weights, tokens, sequences) => {
      const flatWeights = flat(weights, runs);
      const found = await take(tf.tidy(() => policy.tokenLogProbs(unflatten(policy.layout, flatWeights), batch)));
      flatWeights.dispose();
      expectNear(found, tokens, tolerance, 'tokens');
      expectNear(perSequence(found), sequences, tolerance, 'sequences');
    });

    it('gives the DPO loss at each β, every gradient, and ten clipped AdamW steps', async () => {
      const preferences = {
        completions: batch,
        referenceLogProbs: Float32Array.from(golden.referenceSequenceLogProbs),
      };
      const weights = flat(golden.parameters, runs);
      const [betas, ones] = [tf.tensor2d(golden.beta, [runs, 1]), tf.ones([runs, golden.pairs]) as tf.Tensor2D];
      const found = dpoGradient(policy, weights, { ...preferences, weights: ones }, betas);
      expectNear(await take(found.loss), golden.dpoLoss, tolerance, 'DPO loss');
      const gradient = await take(found.gradient);
      tf.dispose([betas, ones]);
      expectNear(gradient, golden.gradient, tolerance, 'gradient');
      for (let run = 0; run < runs; run++) {
        let at = run * count;
        for (const { name: parameter, shape } of policy.layout) {
          const end = at + sizeOf(shape);
          const expected = golden.gradient.slice(at, end);
          expectNear(gradient.slice(at, end), expected, tolerance, `gradient of run ${run}, ${parameter}`);
          at = end;
        }
      }

      const { learningRate, ...settings } = golden.adamW;
      const path = await train(policy, weights, preferences, golden.beta, Array(runs).fill(learningRate), settings);
      expectNear(byRun(path.losses), golden.stepLosses, tolerance, 'losses of ten steps');
      expectNear(byRun(path.norms), golden.stepGradientNorms, tolerance, 'gradient norms of ten steps');
      expectNear(path.weights[0]!, golden.parametersAfter1, tolerance, 'parameters after one step');
      expectNear(path.weights[9]!, golden.parametersAfter10, tolerance, 'parameters after ten steps');
    });
  });
});

/** Σ over a sequence's tokens. [R, B, C] → [R, B] */
function perSequence(values: ArrayLike<number>): number[] {
  return Array.from({ length: runs * rows }, (_, row) => {
    let sum = 0;
    for (let t = 0; t < sizes.completionLength; t++) sum += values[row * sizes.completionLength + t]!;
    return sum;
  });
}

describe('tabular policy', () => {
  const { tabular } = losses;
  const table = tabularPolicy(tabular.prompts, tabular.responses);
  const pairRows = tabular.pairCount * 2;
  const triples = Array.from({ length: tabular.pairs.length / 3 }, (_, i) => tabular.pairs.slice(3 * i, 3 * i + 3));
  const completions: CompletionBatch = {
    prompts: {
      sets: tabular.runs,
      rows: pairRows,
      length: 1,
      ids: Int32Array.from(triples.flatMap(([x]) => [x!, x!])),
    },
    length: 1,
    ids: Int32Array.from(triples.flatMap(([, chosen, rejected]) => [chosen!, rejected!])),
    mask: new Float32Array(tabular.runs * pairRows).fill(1),
  };

  forEachForm((name) => {
    it('gives the losses, the gradient and ten AdamW steps at a β and a learning rate per run', async () => {
      const reference = flat(tabular.reference, tabular.runs);
      const referenceLogProbs = await take(
        tf.tidy(() => table.tokenLogProbs(unflatten(table.layout, reference), completions)),
      );
      reference.dispose();
      const preferences = { completions, referenceLogProbs };
      const weights = flat(tabular.logits, tabular.runs);
      const [betas, ones] = [tf.tensor2d(tabular.beta, [2, 1]), tf.ones([2, tabular.pairCount]) as tf.Tensor2D];
      const { loss, gradient } = dpoGradient(table, weights, { ...preferences, weights: ones }, betas);
      tf.dispose([betas, ones]);
      const tolerance = TOLERANCE[name];
      expectNear(await take(loss), tabular.dpoLoss, tolerance, 'loss');
      const slopes = await take(gradient);
      expectNear(slopes, tabular.gradient, tolerance, 'gradient');
      tabular.gradient.forEach((expected, i) => {
        if (expected === 0) expect(slopes[i], `gradient of entry ${i}, which no pair touches`).toBeCloseTo(0, 12);
      });

      const { learningRate, ...settings } = tabular.adamW;
      const path = await train(table, weights, preferences, tabular.beta, learningRate, settings);
      expectNear(byRun(path.losses), tabular.stepLosses, tolerance, 'losses of ten steps');
      const size = tabular.prompts * tabular.responses;
      const logits = Array.from({ length: tabular.runs }, (_, r) =>
        path.weights.flatMap((step) => [...step.subarray(r * size, (r + 1) * size)]),
      ).flat();
      expectNear(logits, tabular.logitsAfter, tolerance, 'logits after each of ten steps');
    });
  });
});

describe('margins from −100 to 100', () => {
  const { margins } = losses;
  const cases = margins.x.length;
  /** Below this, float32 has no full precision; a GPU may flush to 0. */
  const SUBNORMAL = 1e-37;

  /** Each value by itself: the small ones are what a log-sigmoid gets wrong. */
  function expectEachNear(actual: Float32Array, expected: readonly number[], tolerance: number): void {
    expected.forEach((value, i) => {
      const allowed = Math.abs(value) < SUBNORMAL ? SUBNORMAL : tolerance * Math.abs(value);
      expect(Math.abs(actual[i]! - value), `x = ${margins.x[i % cases]}, ${value}`).toBeLessThanOrEqual(allowed);
    });
  }

  forEachBackend((name) => {
    it('log-sigmoid and its slope keep their relative accuracy', async () => {
      const x = tf.tensor1d(margins.x);
      const values = await take(tf.tidy(() => logSigmoid(x)));
      const slopes = await take(tf.tidy(() => tf.grad((t) => tf.sum(logSigmoid(t)))(x)));
      x.dispose();
      expectEachNear(values, margins.logSigmoid, TOLERANCE[name]);
      expectEachNear(slopes, margins.logSigmoidSlope, TOLERANCE[name]);
    });

    it('DPO losses and their slopes at three β in one fleet', async () => {
      // A run per case: the loss is a mean over a run's pairs.
      const runCount = margins.beta.length * cases;
      const repeated = margins.beta.flatMap(() => margins.x);
      const [chosen, betas] = tf.tidy(() => [
        tf.tensor2d(repeated, [runCount, 1]),
        tf.tensor2d(
          repeated.map((_, i) => margins.beta[Math.floor(i / cases)]!),
          [runCount, 1],
        ),
      ]) as [tf.Tensor2D, tf.Tensor2D];
      // Margins as differences: chosen x, rejected 0, both against references of 0.
      const loss = (x: tf.Tensor) => {
        const zeros = tf.zeros([runCount, 1]) as tf.Tensor2D;
        const logProbs = tf.concat([x as tf.Tensor2D, zeros], 1);
        return dpoLoss(logProbs, tf.zerosLike(logProbs), betas, tf.ones([runCount, 1]));
      };
      const values = await take(tf.tidy(() => loss(chosen)));
      const slopes = await take(tf.tidy(() => tf.grad((x) => tf.sum(loss(x)))(chosen)));
      tf.dispose([chosen, betas]);
      expectEachNear(values, margins.dpoLosses, TOLERANCE[name]);
      expectEachNear(slopes, margins.dpoSlopes, TOLERANCE[name]);
    });
  });
});
