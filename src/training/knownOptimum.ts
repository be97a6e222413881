import { valueOf } from '../experiment/reading';
import { parseOptimumFile } from '../experiment/documents/optimumFile';
import { Fingerprint } from '../math/hash';
import type { Checkpoint } from '../policy/checkpoint';
import { reviews, sampleReview } from '../tasks/reviews';
import type { RewardForm } from '../tasks/reviews/bounds';
import type { EstimatedPoint } from '../theory/importance';
import { optimumAt } from '../theory/optimumAt';
import type { KnownOptimum } from './task';

/** Reviews whose scores tell one oracle from another. */
const PROBES = 256;

export interface OptimumFingerprints {
  readonly weights: string;
  readonly task: string;
}

/** What an optimum belongs to: another reference, oracle or set of test prompts has another. */
export function optimumFingerprints(weights: Float32Array, oracle: RewardForm['oracle']): OptimumFingerprints {
  const task = new Fingerprint();
  for (const prompt of reviews.testPrompts) prompt.forEach((id) => task.addNumber(id));
  for (let i = 0; i < PROBES; i++) {
    const { prompt, completion } = sampleReview(0, i);
    // Rounded: engines may differ in a hyperbolic tangent's last bit.
    task.addNumber(Math.round(1e6 * reviews.score(prompt, completion, { oracle, rewardScale: 1 }).reward));
  }
  return { weights: new Fingerprint().addFloats(weights).digest(), task: task.digest() };
}

/**
 * Reads the file beside a checkpoint; throws an Error that says why it cannot be used. It is estimated for the reward as
 * it is: times c, the best policies at β are those at β/c, and reward and J are c times as large.
 */
export function readKnownOptimum(
  text: string,
  { weights }: Checkpoint,
  { oracle, rewardScale: c }: RewardForm,
): KnownOptimum | undefined {
  const { fingerprints, points } = valueOf(parseOptimumFile(text));
  const own = optimumFingerprints(weights, oracle);
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
  if (c === 0) return undefined;
  return {
    frontier: points.map((point) => scaled(point, c)),
    at(beta) {
      const point = optimumAt(points, beta / c);
      return point && scaled(point, c);
    },
  };
}

function scaled(point: EstimatedPoint, c: number): EstimatedPoint {
  if (c === 1) return point;
  const { beta, reward, objective, estimate } = point;
  const errors = { ...estimate.errors, reward: c * estimate.errors.reward, objective: c * estimate.errors.objective };
  return {
    ...point,
    beta: c * beta,
    reward: c * reward,
    objective: c * objective,
    estimate: { ...estimate, errors },
  };
}
