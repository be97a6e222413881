import * as tf from '@tensorflow/tfjs-core';
import { STREAM } from '../math/random';
import { mean, standardDeviation } from '../math/statistics';
import type { Checkpoint } from '../policy/checkpoint';
import { parameterCount } from '../policy/parameters';
import { completionBatch, promptBatch, type Text } from '../policy/batches';
import type { Policy } from '../policy/policy';
import { entropyPerWord, isGrammatical, reviews } from '../tasks/reviews';
import type { Completion } from '../training/pair';
import { readCompletion } from '../training/preferences';
import { reviewsTask } from '../training/reviewsTask';
import { plainRequest, sampleCompletions } from '../training/sampleCompletions';

/** What a pretrained policy of the reviews is worth. */
export interface ReportCard {
  readonly parameters: number;
  /** Nats per token, end token included, on texts that training has not drawn. */
  readonly loss: number;
  /** The same of a perfect model: the grammar's entropy per word, exact. */
  readonly floor: number;
  /** Share of the samples that the grammar could have written. */
  readonly grammatical: number;
  /** The oracle's, over the samples. */
  readonly reward: { readonly mean: number; readonly deviation: number };
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly prompt: string;
  readonly completion: string;
  readonly reward: number;
  readonly grammatical: boolean;
}

const BATCH = 128;

/**
 * Measures a checkpoint of the reviews task on the current backend.
 *
 * @param heldOut texts that training has not drawn
 * @param samples how many completions to sample, over all prompts in turn
 */
export async function reportCard(
  checkpoint: Checkpoint,
  heldOut: readonly Text[],
  samples: number,
  seed: number,
): Promise<ReportCard> {
  const { policy } = reviewsTask(checkpoint);
  const loss = await heldOutLoss(policy, checkpoint, heldOut);
  const judged = await judgedSamples(checkpoint, samples, seed);
  const rewards = judged.map(({ reward }) => reward);
  return {
    parameters: parameterCount(policy.layout),
    loss,
    floor: entropyPerWord(),
    grammatical: mean(judged.map(({ grammatical }) => Number(grammatical))),
    reward: { mean: mean(rewards), deviation: standardDeviation(rewards) },
    samples: judged,
  };
}

/** Mean −log p per completion token. */
export async function heldOutLoss(
  policy: Policy,
  { sizes, weights }: Pick<Checkpoint, 'sizes' | 'weights'>,
  examples: readonly Text[],
): Promise<number> {
  const flat = tf.tensor2d(weights, [1, weights.length]);
  let surprise = 0;
  let tokens = 0;
  for (let start = 0; start < examples.length; start += BATCH) {
    const batch = completionBatch(sizes, [examples.slice(start, start + BATCH)]);
    const sum = tf.tidy(() => {
      const pass = policy.forward(flat, batch);
      const masked = tf.sum(tf.mul(pass.logProbs, pass.mask));
      pass.dispose();
      return masked;
    });
    surprise -= (await sum.data())[0]!;
    tokens += batch.mask.reduce((a, b) => a + b, 0);
    sum.dispose();
  }
  flat.dispose();
  return surprise / tokens;
}

async function judgedSamples(checkpoint: Checkpoint, count: number, seed: number): Promise<Sample[]> {
  const prompts = [...reviews.prompts, ...reviews.testPrompts];
  const samples: Sample[] = [];
  for (let batch = 0; samples.length < count; batch++) {
    const rows = Math.min(BATCH, count - samples.length);
    const ofRows = Array.from({ length: rows }, (_, row) => prompts[(samples.length + row) % prompts.length]!);
    const completions = await sampled(checkpoint, ofRows, seed, batch);
    completions.forEach(({ ids, reward }, row) => {
      const prompt = ofRows[row]!;
      samples.push({
        prompt: reviews.text(prompt),
        completion: reviews.text(ids),
        reward,
        grammatical: isGrammatical(prompt, ids),
      });
    });
  }
  return samples;
}

/** A completion of each prompt; `batch` addresses the draws. */
async function sampled(
  checkpoint: Checkpoint,
  prompts: readonly (readonly number[])[],
  seed: number,
  batch: number,
): Promise<Completion[]> {
  const task = reviewsTask(checkpoint);
  const weights = tf.tensor2d(checkpoint.weights, [1, checkpoint.weights.length]);
  const request = plainRequest({
    prompts: promptBatch(1, prompts.length, task.promptLength, (row) => prompts[row]!),
    // The policy stands in as its own reference.
    policySets: [0],
    referenceSets: [0],
    seeds: [seed],
    stream: STREAM.evaluation,
    step: batch,
    measure: false,
  });
  const found = await sampleCompletions(task.policy, weights, request);
  weights.dispose();
  return prompts.map((prompt, row) => readCompletion(task, seed, prompt, found, row));
}
