import * as tf from '@tensorflow/tfjs-core';
import { logSumExp } from '../math/logits';
import { STREAM } from '../math/random';
import { completionBatch, promptBatch, type Text } from '../policy/batches';
import type { PromptSamples } from '../theory/importance';
import type { Task } from '../training/task';
import { plainRequest } from '../training/sampleCompletions';

/** A test prompt's completion that was drawn from an equal mixture of policies. */
export interface MixtureSample {
  /** Index of the prompt, and of the policy that wrote the completion. */
  readonly prompt: number;
  readonly policy: number;
  readonly ids: readonly number[];
  readonly reward: number;
  /** log π_ref(y|x) − log q(y|x), q the mixture of all policies, whichever of them wrote y (the balance heuristic). */
  readonly logRatio: number;
}

/** Draws of the mixture, one after the other: all that whoever makes them must know. */
export interface MixtureDraws {
  /** The policies' weights, the reference's first. // [M][N] */
  readonly policies: readonly Float32Array[];
  readonly seed: number;
  /** The first draw, and how many. */
  readonly first: number;
  readonly count: number;
}

/** Makes draws; yields how many more are done. */
export type Drawing = (draws: MixtureDraws) => AsyncGenerator<number, MixtureSample[]>;

/** Makes them in this thread. */
export async function* drawMixture(
  task: Task,
  { policies, seed, first, count }: MixtureDraws,
): AsyncGenerator<number, MixtureSample[]> {
  const prompts = testPromptsOf(task);
  const weights = tf.tidy(
    () => tf.concat(policies.map((values) => tf.tensor2d(values, [1, values.length]))) as tf.Tensor2D,
  );
  const found: MixtureSample[] = [];
  try {
    for (let draw = first; draw < first + count; draw++) {
      for (const sample of await sampleMixture(task, prompts, weights, seed, draw)) found.push(sample);
      yield 1;
    }
  } finally {
    weights.dispose();
  }
  return found;
}

/** @throws Error where the task is evaluated exactly */
export function testPromptsOf({ evaluation }: Task): readonly (readonly number[])[] {
  if (evaluation.kind === 'sampled') return evaluation.testPrompts;
  throw new Error('what is evaluated exactly has no test prompts');
}

/**
 * One completion of every prompt by every policy. The log-probs are those of one forward pass under each, summed in
 * float64.
 *
 * @param weights of the policies, the reference's first  // [M, N]
 * @param draw addresses the random numbers together with the seed
 */
export async function sampleMixture(
  task: Task,
  prompts: readonly (readonly number[])[],
  weights: tf.Tensor2D,
  seed: number,
  draw: number,
): Promise<MixtureSample[]> {
  const { policy } = task;
  const policies = weights.shape[0];
  const tokens = await sampleTokens(task, prompts, weights, seed, draw);
  const stride = policies * prompts.length;
  const examples = Array.from({ length: stride }, (_, position): Text & { readonly completion: readonly number[] } => {
    const completion: number[] = [];
    for (let t = 0; t < policy.completionLength; t++) {
      completion.push(tokens[t * stride + position]!);
      if (task.ends(completion[t]!)) break;
    }
    return { prompt: prompts[position % prompts.length]!, completion };
  });
  const logProbs = await sequenceLogProbs(task, examples, weights);
  return examples.map(({ prompt, completion }, position) => {
    const ofPolicies = logProbs.map((values) => values[position]!);
    return {
      prompt: position % prompts.length,
      policy: Math.floor(position / prompts.length),
      ids: completion,
      reward: task.reward(seed, prompt, completion),
      logRatio: ofPolicies[0]! - (logSumExp(ofPolicies) - Math.log(policies)),
    };
  });
}

/** @returns // [C, M·P] */
async function sampleTokens(
  { policy, promptLength }: Task,
  prompts: readonly (readonly number[])[],
  weights: tf.Tensor2D,
  seed: number,
  draw: number,
): Promise<ArrayLike<number>> {
  const [sets, rows] = [weights.shape[0], prompts.length];
  const policySets = Array.from({ length: sets }, (_, set) => set);
  const request = plainRequest({
    prompts: promptBatch(sets, rows, promptLength, (row) => prompts[row % rows]!),
    policySets,
    referenceSets: policySets.map(() => 0),
    // The address has no place for the policy: seeds keep the policies' draws apart.
    seeds: policySets.map((set) => (seed + Math.imul(set, 0x9e3779b9)) >>> 0),
    stream: STREAM.optimum,
    step: draw,
    measure: false,
  });
  const { tokens, logProbs } = policy.sample(weights, request);
  tf.dispose([request.settings, logProbs]);
  const found = await tokens.data();
  tokens.dispose();
  return found;
}

/** log p of every completion under every policy. // [M][examples] */
async function sequenceLogProbs(
  { policy, promptLength }: Task,
  examples: readonly Text[],
  weights: tf.Tensor2D,
): Promise<Float64Array[]> {
  const length = policy.completionLength;
  const sets = weights.shape[0];
  // The same rows for every policy.
  const texts = new Array<typeof examples>(sets).fill(examples);
  const batch = completionBatch({ promptLength, completionLength: length }, texts);
  const pass = policy.forward(weights, batch);
  const found = (await pass.logProbs.data()) as Float32Array;
  pass.dispose();
  return Array.from({ length: sets }, (_, set) =>
    Float64Array.from(examples, ({ completion }, row) => {
      let sum = 0;
      for (let t = 0; t < completion.length; t++) sum += found[(set * batch.prompts.rows + row) * length + t]!;
      return sum;
    }),
  );
}

/** Every prompt's rewards and ratios. // [P] */
export function byPrompt(samples: readonly MixtureSample[], prompts: number): PromptSamples[] {
  const found = Array.from({ length: prompts }, () => ({ rewards: [] as number[], logRatios: [] as number[] }));
  for (const { prompt, reward, logRatio } of samples) {
    found[prompt]!.rewards.push(reward);
    found[prompt]!.logRatios.push(logRatio);
  }
  return found;
}
