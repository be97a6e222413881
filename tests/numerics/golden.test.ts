import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { AdamWSettings } from '../../src/ops/adamW/adamW';
import { clipFactors, updateAdamW } from '../../src/ops/adamW/adamW';
import { inTidy } from '../../src/ops/inTidy';
import { logSigmoid } from '../../src/ops/logSigmoid/logSigmoid';
import { evenRowSets, paddedRows } from '../../src/ops/rowSets';
import { composedTransformerPolicy, measureRows } from '../../src/policy/composed/composedPolicy';
import { emptyCaches, logitsOf, passOver, runLayers } from '../../src/policy/forwardPass';
import { sizeOf } from '../../src/policy/parameters';
import type { CompletionBatch, Policy } from '../../src/policy/policy';
import { tabularPolicy } from '../../src/policy/tabular';
import { inputLength, transformerOffsets } from '../../src/policy/transformer';
import { transformerPolicy } from '../../src/policy/transformerPolicy';
import { preferenceGradient, type PreferenceBatch } from '../../src/training/preferenceGradient';
import losses from '../golden/losses.json';
import golden from '../golden/transformer.json';
import { forEachBackend, type BackendName } from '../support/backends';
import { expectNear, take, TOLERANCE } from '../support/numbers';

/** PyTorch's float64 values (tests/golden/make_golden.py) against our kernels and against stock ops. */

const { runs, rows, sizes } = golden;
const padded = paddedRows(rows);
const count = golden.parameters.length / runs;

/** A run's rows, filled up to a multiple of four with zeros. [R, B, width] → [R, padded, width] */
function fill<T extends Int32Array | Float32Array>(out: T, values: readonly number[], width: number): T {
  values.forEach((value, i) => {
    const row = Math.floor(i / width);
    out[(Math.floor(row / rows) * padded + (row % rows)) * width + (i % width)] = value;
  });
  return out;
}

/** The inverse. */
const unfilled = (values: ArrayLike<number>, width: number): number[] =>
  Array.from(values).filter((_, i) => Math.floor(i / width) % padded < rows);

const { promptLength, completionLength } = sizes;
const batch: CompletionBatch = {
  prompts: {
    sets: runs,
    rows: padded,
    length: promptLength,
    ids: fill(new Int32Array(runs * padded * promptLength), golden.prompts, promptLength),
  },
  length: completionLength,
  ids: fill(new Int32Array(runs * padded * completionLength), golden.completions, completionLength),
  mask: fill(new Float32Array(runs * padded * completionLength), golden.mask, completionLength),
};

const objectivesOf = (betas: readonly number[]) => betas.map((beta) => ({ kind: 'dpo', beta, smoothing: 0 }) as const);

const flat = (values: readonly number[], sets: number) => tf.tensor2d(values as number[], [sets, values.length / sets]);

/** 1/P for real pairs, 0 for those that fill the batch up. // [R, rows / 2] */
const pairWeights = (sets: number, pairs: number) =>
  tf.tidy(() =>
    tf.pad(tf.fill([sets, pairs], 1 / pairs), [
      [0, 0],
      [0, paddedRows(2 * pairs) / 2 - pairs],
    ]),
  ) as tf.Tensor2D;

/** The mean over each run's real pairs. // [R, rows / 2] → [R] */
const meanLosses = (losses: tf.Tensor2D, pairs: number) =>
  take(tf.tidy(() => tf.mean(tf.slice(losses, [0, 0], [-1, pairs]), 1)));

const FORMS = [
  ['as it runs', transformerPolicy(sizes)],
  ['composed', composedTransformerPolicy(sizes)],
] as const;

/** WebGPU runs the stock ops in many places anyway, slowly. */
const formsOn = (name: BackendName) => (name === 'webgpu' ? FORMS.slice(0, 1) : FORMS);

/** Trains by AdamW; each step's losses [R] and weights [R, N], and the norms of the gradients before clipping. */
async function train(
  trained: Policy,
  start: tf.Tensor2D,
  preferences: PreferenceBatch,
  pairs: number,
  betas: readonly number[],
  learningRates: readonly number[],
  { clip, steps, ...settings }: AdamWSettings & { clip: number | null; steps: number },
) {
  const state = tf.tidy(() => ({ weights: tf.clone(start), mean: tf.zerosLike(start), square: tf.zerosLike(start) }));
  const path = { losses: [] as Float32Array[], weights: [] as Float32Array[], norms: [] as Float32Array[] };
  const objectives = objectivesOf(betas);
  for (let step = 1; step <= steps; step++) {
    const { losses, gradient } = preferenceGradient(trained, state.weights, preferences, objectives);
    path.norms.push(await take(tf.tidy(() => tf.norm(gradient, 2, 1))));
    tf.tidy(() => {
      const factors = clip === null ? null : clipFactors(gradient, clip);
      updateAdamW({ ...state, gradient, factors, learningRates, step, settings });
    });
    path.losses.push(await meanLosses(losses, pairs));
    path.weights.push((await state.weights.data()).slice() as Float32Array);
    tf.dispose([gradient, losses]);
  }
  tf.dispose([state]);
  return path;
}

/** [S][R] → [R, S], as the golden files have it. */
const byRun = (steps: readonly Float32Array[]): number[] =>
  Array.from(steps[0]!, (_, r) => steps.map((values) => values[r]!)).flat();

/** Logits of every position that predicts a completion token, token by token from the cache. // [C][2R·padded, V] */
async function decodedLogits(weights: tf.Tensor2D): Promise<Float32Array[]> {
  const held = inTidy(() => {
    const sets = evenRowSets(2 * runs, padded);
    const prompts = Int32Array.from([...batch.prompts.ids, ...batch.prompts.ids]);
    const model = { sizes, offsets: transformerOffsets(sizes), weights };
    const pass = passOver(model, sets, prompts, promptLength);
    const caches = emptyCaches(pass, inputLength(sizes));
    const after = (tokens: Int32Array, first: number) => {
      const x = runLayers(
        pass,
        tf.tensor2d(tokens, [sets.capacity, tokens.length / sets.capacity], 'int32'),
        first,
        caches,
      );
      return logitsOf(pass, x, tokens.length / sets.capacity - 1, 1).logits;
    };
    const logits = [after(prompts, 0)];
    for (let t = 0; t + 1 < completionLength; t++) {
      const column = batch.ids.filter((_, i) => i % completionLength === t);
      logits.push(after(Int32Array.from([...column, ...column]), promptLength + t));
    }
    return logits;
  });
  return Promise.all(held.map(take));
}

describe('transformer', () => {
  forEachBackend((name) => {
    const tolerance = TOLERANCE[name];

    it('decodes token by token to the logits, KL and entropy of every visited position', async () => {
      const weights = flat([...golden.parameters, ...golden.reference], 2 * runs);
      const logits = await decodedLogits(weights);
      weights.dispose();
      const measures = await Promise.all(
        logits.map((values) =>
          take(tf.tidy(() => measureRows(tf.tensor3d(values, [2, runs * padded, sizes.vocabulary])))),
        ),
      );
      /** [C][2, R·padded, width] → [2][R·B, C, width], 0 where masked */
      const arranged = (steps: readonly Float32Array[], half: number, width: number): number[] =>
        golden.mask.flatMap((visited, i) => {
          const row = Math.floor(i / completionLength);
          const position = half * runs * padded + Math.floor(row / rows) * padded + (row % rows);
          const values = steps[i % completionLength]!.subarray(position * width, (position + 1) * width);
          return Array.from(values, (value) => value * visited);
        });
      expectNear(arranged(logits, 0, sizes.vocabulary), golden.logits, tolerance, 'logits');
      expectNear(arranged(logits, 1, sizes.vocabulary), golden.referenceLogits, tolerance, 'reference logits');
      const kl = arranged(measures, 0, 1);
      const entropy = arranged(measures, 1, 1);
      expectNear(kl, golden.tokenKl, tolerance, 'KL per token');
      expectNear(entropy, golden.tokenEntropy, tolerance, 'entropy per token');
      expectNear(perSequence(kl), golden.sequenceKl, tolerance, 'KL per sequence');
      expectNear(perSequence(entropy), golden.sequenceEntropy, tolerance, 'entropy per sequence');
    });

    describe.each(formsOn(name))('%s', (_, policy) => {
      it.each([
        ['policy', golden.parameters, golden.tokenLogProbs, golden.sequenceLogProbs],
        ['reference', golden.reference, golden.referenceTokenLogProbs, golden.referenceSequenceLogProbs],
      ] as const)('gives the log-probs of tokens and sequences under the %s', async (_, weights, tokens, sequences) => {
        const flatWeights = flat(weights, runs);
        const pass = policy.forward(flatWeights, batch);
        const masked = await take(tf.tidy(() => tf.mul(pass.logProbs, pass.mask)));
        pass.dispose();
        flatWeights.dispose();
        const found = unfilled(masked, completionLength);
        expectNear(found, tokens, tolerance, 'tokens');
        expectNear(perSequence(found), sequences, tolerance, 'sequences');
      });

      it('gives the DPO loss at each β, every gradient, and ten clipped AdamW steps', async () => {
        const preferences = {
          completions: batch,
          referenceLogProbs: fill(new Float32Array(runs * padded), golden.referenceSequenceLogProbs, 1),
          pairWeights: pairWeights(runs, golden.pairs),
        };
        const weights = flat(golden.parameters, runs);
        const found = preferenceGradient(policy, weights, preferences, objectivesOf(golden.beta));
        expectNear(await meanLosses(found.losses, golden.pairs), golden.dpoLoss, tolerance, 'DPO loss');
        const gradient = await take(found.gradient);
        found.losses.dispose();
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
        const rates = Array<number>(runs).fill(learningRate);
        const path = await train(policy, weights, preferences, golden.pairs, golden.beta, rates, settings);
        tf.dispose([weights, preferences.pairWeights]);
        expectNear(byRun(path.losses), golden.stepLosses, tolerance, 'losses of ten steps');
        expectNear(byRun(path.norms), golden.stepGradientNorms, tolerance, 'gradient norms of ten steps');
        expectNear(path.weights[0]!, golden.parametersAfter1, tolerance, 'parameters after one step');
        expectNear(path.weights[9]!, golden.parametersAfter10, tolerance, 'parameters after ten steps');
      });
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
  const pairRows = paddedRows(tabular.pairCount * 2);
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

  forEachBackend((name) => {
    it('gives the losses, the gradient and ten AdamW steps at a β and a learning rate per run', async () => {
      const reference = flat(tabular.reference, tabular.runs);
      const pass = table.forward(reference, completions);
      const referenceLogProbs = (await pass.logProbs.data()).slice() as Float32Array;
      pass.dispose();
      const preferences = {
        completions,
        referenceLogProbs,
        pairWeights: pairWeights(tabular.runs, tabular.pairCount),
      };
      const weights = flat(tabular.logits, tabular.runs);
      const { losses, gradient } = preferenceGradient(table, weights, preferences, objectivesOf(tabular.beta));
      const tolerance = TOLERANCE[name];
      expectNear(await meanLosses(losses, tabular.pairCount), tabular.dpoLoss, tolerance, 'loss');
      losses.dispose();
      const slopes = await take(gradient);
      expectNear(slopes, tabular.gradient, tolerance, 'gradient');
      tabular.gradient.forEach((expected, i) => {
        if (expected === 0) expect(slopes[i], `gradient of entry ${i}, which no pair touches`).toBeCloseTo(0, 12);
      });

      const { learningRate, ...settings } = tabular.adamW;
      const path = await train(table, weights, preferences, tabular.pairCount, tabular.beta, learningRate, settings);
      tf.dispose([reference, weights, preferences.pairWeights]);
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
  });
});
