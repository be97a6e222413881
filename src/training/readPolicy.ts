import * as tf from '@tensorflow/tfjs-core';
import { STREAM } from '../math/random';
import { promptBatch } from '../policy/batches';
import type { SampledText, Words } from './reports';
import { readCompletion } from './preferences';
import { plainRequest, sampleCompletions } from './sampleCompletions';
import type { Task } from './task';

/** A look at a policy beside its reference, outside of training. Both are a run's flat weights, [N]. */

/** Prompts that nobody trains on, where there are such. */
function promptsOf(task: Task): readonly (readonly number[])[] {
  const { evaluation, promptCount } = task;
  return evaluation.kind === 'sampled'
    ? evaluation.testPrompts
    : Array.from({ length: promptCount }, (_, index) => task.promptIds(index));
}

/** `count` completions of the policy, for the first test prompts, by the same random numbers for every policy of a seed. */
export async function sampleTexts(
  task: Task,
  weights: Float32Array,
  seed: number,
  count: number,
): Promise<SampledText[]> {
  const prompts = promptsOf(task);
  const promptOf = (row: number) => prompts[row % prompts.length]!;
  const both = stacked(weights, task.referenceWeights(seed));
  try {
    const request = plainRequest({
      prompts: promptBatch(1, count, task.promptLength, promptOf),
      policySets: [0],
      referenceSets: [1],
      seeds: [seed],
      stream: STREAM.text,
      step: 0,
      measure: false,
    });
    const sampled = await sampleCompletions(task.policy, both, request);
    return Array.from({ length: count }, (_, row) => {
      const prompt = promptOf(row);
      const { ids, reward } = readCompletion(task, seed, prompt, sampled, row);
      return { prompt: task.promptText(prompt), text: task.completionText(prompt, ids), reward };
    });
  } finally {
    both.dispose();
  }
}

/**
 * The next word's logits under policy and reference, after a test prompt and each of some beginnings, and what the
 * oracle says of each beginning as it stands. Throws RangeError for a prompt or a word that there is not, and for
 * beginnings of unequal or too great length.
 */
export async function nextWords(
  task: Task,
  weights: Float32Array,
  seed: number,
  prompt: number,
  beginnings: readonly (readonly number[])[],
): Promise<Words> {
  const prompts = promptsOf(task);
  const own = prompts[prompt];
  const { vocabulary, completionLength } = task.policy;
  if (!own) throw new RangeError(`there is no prompt ${prompt}; there are ${prompts.length}`);
  const written = beginnings[0]?.length ?? 0;
  const isWord = (id: number) => Number.isInteger(id) && id >= 0 && id < vocabulary;
  const isEven = beginnings.length > 0 && beginnings.every((one) => one.length === written && one.every(isWord));
  // A bandit's response stands alone.
  if (!isEven || written > completionLength || (task.evaluation.kind === 'exact' && written > 0)) {
    throw new RangeError('the beginnings of a completion are not equally long, too long, or of unknown words');
  }
  const length = task.promptLength + written;
  const rows = beginnings.length;
  const textOf = (row: number) => [...own, ...beginnings[row % rows]!];
  const both = stacked(weights, task.referenceWeights(seed));
  const found = await read(() => task.policy.nextLogits(both, promptBatch(2, rows, length, textOf)), both);
  return {
    prompts: prompts.map((ids) => task.promptText(ids)),
    vocabulary: Array.from({ length: vocabulary }, (_, id) => task.tokenText(id)),
    ends: Array.from({ length: vocabulary }, (_, id) => id).filter((id) => task.ends(id)),
    completionLength,
    policy: found.slice(0, rows * vocabulary),
    reference: found.slice(rows * vocabulary),
    scores: beginnings.map((ids) => ({
      reward: task.reward(seed, own, ids),
      contributions: [...task.contributions(seed, own, ids)],
    })),
  };
}

/** What is computed, read back; it and what it is made from are freed, whatever happens. */
async function read(compute: () => tf.Tensor, from: tf.Tensor): Promise<Float32Array> {
  let found: tf.Tensor | null = null;
  try {
    found = compute();
    return (await found.data()) as Float32Array;
  } finally {
    tf.dispose([from, ...(found ? [found] : [])]);
  }
}

const stacked = (policy: Float32Array, reference: Float32Array): tf.Tensor2D =>
  tf.tidy(() => tf.stack([tf.tensor1d(policy), tf.tensor1d(reference)]) as tf.Tensor2D);
