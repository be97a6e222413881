import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { logSumExp } from '../../src/math/logits';
import { estimateOptimum } from '../../src/theory/importance';
import { byPrompt, sampleMixture, type MixtureSample } from '../../src/reference/mixtureSamples';
import { completionBatch, type Text } from '../../src/policy/batches';
import { initialWeights } from '../../src/reference/pretrain';
import type { Task } from '../../src/training/task';
import { forEachBackend } from '../support/backends';
import { TINY_SIZES, tinyTransformerTask } from '../support/tasks';

/** Importance sampling on the engine, against a transformer small enough to enumerate all that it can write. */

const END = 2;
const task = tinyTransformerTask();
const { evaluation } = task;
if (evaluation.kind !== 'sampled') throw new Error('the tiny transformer is sampled');
const prompts = evaluation.testPrompts;
const reference = task.referenceWeights(0);
const other = initialWeights(TINY_SIZES, 6);

/** Every completion, up to and including its end token. */
function completions(start: readonly number[] = []): number[][] {
  if (start.at(-1) === END || start.length === TINY_SIZES.completionLength) return [[...start]];
  return Array.from({ length: TINY_SIZES.vocabulary }, (_, token) => completions([...start, token])).flat();
}
const all = completions();

async function logProbsOf(weights: Float32Array, examples: readonly Text[]): Promise<number[]> {
  const flat = tf.tensor2d(weights, [1, weights.length]);
  const pass = task.policy.forward(flat, completionBatch(TINY_SIZES, [examples]));
  const found = await pass.logProbs.data();
  pass.dispose();
  flat.dispose();
  const length = TINY_SIZES.completionLength;
  return examples.map(({ completion }, row) =>
    Array.from(completion).reduce((sum, _, t) => sum + found[row * length + t]!, 0),
  );
}

/** J*(β) = mean over prompts of β·log Σ_y π_ref(y)·exp(r(y)/β). */
async function exactOptimum(scored: Task, beta: number): Promise<number> {
  let sum = 0;
  for (const prompt of prompts) {
    const logProbs = await logProbsOf(
      reference,
      all.map((completion) => ({ prompt, completion })),
    );
    expect(logSumExp(logProbs), 'all completions have probability 1').toBeCloseTo(0, 4);
    sum += beta * logSumExp(all.map((completion, y) => logProbs[y]! + scored.reward(0, prompt, completion) / beta));
  }
  return sum / prompts.length;
}

async function drawn(policies: readonly Float32Array[], batches: number): Promise<MixtureSample[]> {
  const weights = tf.tensor2d(Float32Array.from(policies.flatMap((values) => [...values])), [
    policies.length,
    reference.length,
  ]);
  const repeatedPrompts = Array.from({ length: 20 }, () => prompts).flat();
  const found: MixtureSample[] = [];
  for (let batch = 0; batch < batches; batch++) {
    found.push(...(await sampleMixture(task, repeatedPrompts, weights, 4, batch)));
  }
  weights.dispose();
  return found.map((sample) => ({ ...sample, prompt: sample.prompt % prompts.length }));
}

forEachBackend(() => {
  it('finds the optimum that enumeration finds', async () => {
    const samples = byPrompt(await drawn([reference, other], 40), prompts.length);
    for (const beta of [1, 0.5]) {
      const { objective, estimate } = estimateOptimum(samples, beta);
      expect(estimate.effective.minimum).toBeGreaterThan(100);
      expect(Math.abs(objective - (await exactOptimum(task, beta))) / estimate.errors.objective).toBeLessThan(4);
    }
  });

  it('knows what each completion’s probability is under the mixture', async () => {
    const samples = await drawn([reference, other], 2);
    expect(samples.filter(({ policy }) => policy === 1).length).toBe(samples.length / 2);
    const examples = samples.map(({ prompt, ids }) => ({ prompt: prompts[prompt]!, completion: ids }));
    const [ofReference, ofOther] = [await logProbsOf(reference, examples), await logProbsOf(other, examples)];
    samples.forEach(({ logRatio }, i) => {
      const mixture = logSumExp([ofReference[i]!, ofOther[i]!]) - Math.LN2;
      expect(logRatio).toBeCloseTo(ofReference[i]! - mixture, 4);
    });
  });

  it('gives the reference alone a ratio of exactly 1, and policies draws of their own', async () => {
    for (const { logRatio } of await drawn([reference], 1)) expect(logRatio).toBe(0);
    const twins = await drawn([reference, reference], 1);
    const words = (policy: number) => twins.filter((one) => one.policy === policy).map(({ ids }) => ids.join(' '));
    expect(words(0)).not.toEqual(words(1));
  });
}, ['cpu', 'wasm']);
