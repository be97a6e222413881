import { encodeCheckpoint, parseCheckpoint, type Checkpoint } from '../policy/checkpoint';
import { transformerPolicy } from '../policy/transformerPolicy';
import { PANEL_SIZE, reviews, scoreBy } from '../tasks/reviews';
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

/**
 * Restaurant reviews by a transformer; the checkpoint is the reference.
 *
 * @param startWeights where training starts instead of at the reference  // [N]
 * @param optimum as it was estimated, or why that cannot be used
 */
export function reviewsTask(
  { sizes, vocabulary, weights }: Checkpoint,
  startWeights: Float32Array | null = null,
  optimum?: KnownOptimum | string,
): Task {
  return {
    policy: transformerPolicy(sizes),
    promptLength: sizes.promptLength,
    promptCount: reviews.prompts.length,
    promptIds: (index) => reviews.prompts[index]!,
    referenceWeights: () => weights,
    ends: (token) => token === END,
    reward: (_seed, prompt, completion) => reviews.score(prompt, completion).reward,
    contributions: (_seed, prompt, completion) => reviews.score(prompt, completion).contributions,
    startWeights,
    encodeWeights: (own, origin) => encodeCheckpoint({ sizes, vocabulary, weights: own, origin }),
    panel: {
      size: PANEL_SIZE,
      score: (annotator, prompt, completion) => scoreBy(annotator, prompt, completion),
    },
    promptText: (prompt) => reviews.text(prompt),
    completionText: (completion) => reviews.text(completion),
    tokenText: (token) => (token === END ? '■' : reviews.vocabulary[token]!),
    evaluation: { kind: 'sampled', testPrompts: reviews.testPrompts, ...(optimum ? { optimum } : {}) },
  };
}
