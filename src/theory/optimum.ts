import type { PlanePoint } from '../experiment/results';
import { expectation, klDivergence, logSoftmax, logSumExp } from '../math/logits';

/** The best policy of one prompt; `policy` holds its K probabilities. */
export interface Optimum extends PlanePoint {
  readonly policy: Float64Array;
}

/**
 * π* ∝ π_ref·exp(r* / β) and J* = β·log E_{π_ref}[exp(r* / β)] (arXiv 2502.04270) for one prompt's reference
 * logits [K] and rewards [K]. Throws RangeError when lengths differ or β is not above 0.
 */
export function optimum(referenceLogits: ArrayLike<number>, rewards: ArrayLike<number>, beta: number): Optimum {
  if (rewards.length !== referenceLogits.length) {
    throw new RangeError(`${rewards.length} rewards for ${referenceLogits.length} reference logits`);
  }
  if (!(beta > 0)) throw new RangeError(`β is ${beta}; it must be above 0`);
  const logReference = logSoftmax(referenceLogits);
  const tilted = logReference.map((value, k) => value + rewards[k]! / beta);
  const logP = logSoftmax(tilted);
  return {
    reward: expectation(logP, (k) => rewards[k]!),
    kl: klDivergence(logP, logReference),
    objective: beta * logSumExp(tilted),
    policy: logP.map(Math.exp),
  };
}

/**
 * The highest mean reward at each mean KL over equally likely prompts: for every β the point that π_β reaches, in the
 * order of `betas` (KL grows as β falls). `objective` is J* at that β. One β gives a run's optimum.
 * Tables are X rows of K; throws RangeError when their shapes differ, when there is no prompt or β is not above 0.
 */
export function frontier(
  referenceLogits: readonly ArrayLike<number>[],
  rewards: readonly ArrayLike<number>[],
  betas: readonly number[],
): PlanePoint[] {
  const prompts = referenceLogits.length;
  if (prompts === 0 || rewards.length !== prompts) {
    throw new RangeError(`${rewards.length} rows of rewards for ${prompts} rows of reference logits`);
  }
  return betas.map((beta) => {
    const points = referenceLogits.map((row, x) => optimum(row, rewards[x]!, beta));
    const average = (value: (point: PlanePoint) => number): number =>
      points.reduce((sum, point) => sum + value(point), 0) / prompts;
    return { reward: average((p) => p.reward), kl: average((p) => p.kl), objective: average((p) => p.objective) };
  });
}
