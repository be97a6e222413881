import { encodeCheckpoint, parseCheckpoint, type Checkpoint } from '../policy/checkpoint';
import { transformerPolicy } from '../policy/transformerPolicy';
import { PANEL_SIZE, reviews, scoreBy } from '../tasks/reviews';
import { PLAIN_FORM, type RewardForm } from '../tasks/reviews/bounds';
import { END } from '../tasks/task';
import type { KnownOptimum, Task } from './task';

/** Reads a checkpoint of the reviews task; throws an Error that says what is wrong with it. */
export function parseReviewsCheckpoint(bytes: Uint8Array): Checkpoint {
  const checkpoint = parseCheckpoint(bytes, reviews.vocabulary);
  for (const name of ['promptLength', 'completionLength'] as const) {
    if (checkpoint.sizes[name] !== reviews[name]) {
      throw new Error(`the checkpoint's ${name} is ${checkpoint.sizes[name]}; this task's is ${reviews[name]}`);
    }
  }
  return checkpoint;
}

export interface ReviewsOptions {
  /** How the oracle's contributions become a reward. */
  readonly form?: RewardForm | undefined;
  /** Where training starts instead of at the reference. // [N] */
  readonly startWeights?: Float32Array | undefined;
  /** As it was estimated, or why that cannot be used. */
  readonly optimum?: KnownOptimum | string | undefined;
}

/** Restaurant reviews by a transformer; the checkpoint is the reference. */
export function reviewsTask(
  { sizes, vocabulary, weights }: Checkpoint,
  { form = PLAIN_FORM, startWeights, optimum }: ReviewsOptions = {},
): Task {
  const scored = (prompt: readonly number[], completion: readonly number[]) => reviews.score(prompt, completion, form);
  return {
    policy: transformerPolicy(sizes),
    promptLength: sizes.promptLength,
    promptCount: reviews.prompts.length,
    promptIds: (index) => reviews.prompts[index]!,
    referenceWeights: () => weights,
    ends: (token) => token === END,
    reward: (_seed, prompt, completion) => scored(prompt, completion).reward,
    contributions: (_seed, prompt, completion) => scored(prompt, completion).contributions,
    startWeights: startWeights ?? null,
    encodeWeights: (own, origin) => encodeCheckpoint({ sizes, vocabulary, weights: own, origin }),
    trueReward: null,
    panel: {
      size: PANEL_SIZE,
      score: (annotator, prompt, completion) => scoreBy(annotator, prompt, completion, form),
    },
    promptText: (prompt) => reviews.text(prompt),
    completionText: (prompt, completion) => reviews.text([...prompt, ...completion]).slice(reviews.text(prompt).length),
    tokenText: (token) => (token === END ? '■' : reviews.vocabulary[token]!),
    evaluation: { kind: 'sampled', testPrompts: reviews.testPrompts, ...(optimum ? { optimum } : {}) },
  };
}
