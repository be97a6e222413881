import { valueOf } from '../experiment/reading';
import { parseOptimumFile } from '../experiment/documents/optimumFile';
import { Fingerprint } from '../math/hash';
import type { Checkpoint } from '../policy/checkpoint';
import { reviews, sampleReview } from '../tasks/reviews';
import { optimumAt } from '../theory/optimumAt';
import type { KnownOptimum } from './task';

/** Reviews whose scores tell one oracle from another. */
const PROBES = 256;

export interface OptimumFingerprints {
  readonly weights: string;
  readonly task: string;
}

/** What an optimum belongs to: another reference, oracle or set of test prompts has another. */
export function optimumFingerprints(weights: Float32Array): OptimumFingerprints {
  const task = new Fingerprint();
  for (const prompt of reviews.testPrompts) prompt.forEach((id) => task.addNumber(id));
  for (let i = 0; i < PROBES; i++) {
    const { prompt, completion } = sampleReview(0, i);
    // Rounded: engines may differ in a hyperbolic tangent's last bit.
    task.addNumber(Math.round(1e6 * reviews.score(prompt, completion).reward));
  }
  return { weights: new Fingerprint().addFloats(weights).digest(), task: task.digest() };
}

/** Reads the file beside a checkpoint; throws an Error that says why it cannot be used. */
export function readKnownOptimum(text: string, { weights }: Checkpoint): KnownOptimum {
  const { fingerprints, points } = valueOf(parseOptimumFile(text));
  const own = optimumFingerprints(weights);
  if (fingerprints.weights !== own.weights) {
    throw new Error(
      `it was estimated for other weights (${fingerprints.weights}; the checkpoint’s are ${own.weights})`,
    );
  }
  if (fingerprints.task !== own.task) {
    throw new Error(
      `it was estimated for another oracle or other test prompts (${fingerprints.task}, now ${own.task})`,
    );
  }
  return { frontier: points, at: (beta) => optimumAt(points, beta) };
}
