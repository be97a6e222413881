import * as tf from '@tensorflow/tfjs-core';
import { labelProbability, type LabelRule } from '../math/bradleyTerry';
import { STREAM, uniform, uniformInteger } from '../math/random';
import { promptBatch } from '../policy/batches';
import { readCompletion } from '../training/preferences';
import { plainRequest, sampleCompletions } from '../training/sampleCompletions';
import type { Task } from '../training/task';

/** Two completions of a prompt that a labeller has compared. */
export interface ComparedTexts {
  readonly prompt: readonly number[];
  readonly chosen: readonly number[];
  readonly rejected: readonly number[];
  /** By the oracle: its score of the chosen one less that of the other. */
  readonly margin: number;
}

/** Pairs that are drawn together. */
const TOGETHER = 64;

/** Pairs that the reference writes, on training prompts, as a labeller orders them. Yields them batch by batch. */
export async function* drawComparisons(
  task: Task,
  rule: LabelRule,
  count: number,
  seed: number,
): AsyncGenerator<readonly ComparedTexts[]> {
  const flat = task.referenceWeights(seed);
  const weights = tf.tensor2d(flat, [1, flat.length]);
  try {
    for (let start = 0, step = 0; start < count; start += TOGETHER, step++) {
      const pairs = Math.min(TOGETHER, count - start);
      const at = (stream: number, row: number) => ({ seed, stream, step, row, token: 0 });
      const prompts = Array.from({ length: pairs }, (_, i) =>
        task.promptIds(uniformInteger(at(STREAM.prompt, i), task.promptCount)),
      );
      const request = plainRequest({
        prompts: promptBatch(1, 2 * pairs, task.promptLength, (row) => prompts[row >> 1]!),
        // The policy stands in as its own reference.
        policySets: [0],
        referenceSets: [0],
        seeds: [seed],
        stream: STREAM.token,
        step,
        measure: false,
      });
      const found = await sampleCompletions(task.policy, weights, request);
      yield prompts.map((prompt, i) => {
        const [a, b] = [0, 1].map((k) => readCompletion(task, seed, prompt, found, 2 * i + k)) as [Read, Read];
        const prefersA = uniform(at(STREAM.label, i)) < labelProbability(rule, a.reward, b.reward);
        const [chosen, rejected] = prefersA ? [a, b] : [b, a];
        return { prompt, chosen: chosen.ids, rejected: rejected.ids, margin: chosen.reward - rejected.reward };
      });
    }
  } finally {
    weights.dispose();
  }
}

type Read = ReturnType<typeof readCompletion>;
