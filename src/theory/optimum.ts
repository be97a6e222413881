import type { PlanePoint } from '../experiment/documents/results';
import { logSoftmax, logSumExp } from '../math/logits';

/** The best policy of one prompt; `policy` holds its K probabilities. */
export interface Optimum extends PlanePoint {
  readonly policy: Float64Array;
}

/**
 * π* ∝ π_ref·exp(r* / β) and J* = β·log E_{π_ref}[exp(r* / β)] (arXiv 2502.04270) for one prompt's reference
 * logits [K] and rewards [K]. Throws RangeError when lengths differ or β is not above 0.
 */
export const optimum = (referenceLogits: ArrayLike<number>, rewards: ArrayLike<number>, beta: number): Optimum =>
  tilted(logSoftmax(referenceLogits), rewards, beta);

/** The same from the reference's log-probabilities [K]; one pass, because a frontier asks for millions of entries. */
function tilted(logReference: Float64Array, rewards: ArrayLike<number>, beta: number): Optimum {
  if (rewards.length !== logReference.length) {
    throw new RangeError(`${rewards.length} rewards for ${logReference.length} reference logits`);
  }
  if (!(beta > 0)) throw new RangeError(`β is ${beta}; it must be above 0`);
  const logits = new Float64Array(logReference.length);
  for (let k = 0; k < logits.length; k++) logits[k] = logReference[k]! + rewards[k]! / beta;
  const normaliser = logSumExp(logits);
  const policy = new Float64Array(logits.length);
  let reward = 0;
  let kl = 0;
  for (let k = 0; k < logits.length; k++) {
    const logP = logits[k]! - normaliser;
    const p = (policy[k] = Math.exp(logP));
    if (p === 0) continue; // 0·log 0 = 0
    reward += p * rewards[k]!;
    kl += p * (logP - logReference[k]!);
  }
  return { reward, kl, objective: beta * normaliser, policy };
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
  const logReferences = referenceLogits.map((row) => logSoftmax(row));
  return betas.map((beta) => {
    const points = logReferences.map((row, x) => tilted(row, rewards[x]!, beta));
    const average = (value: (point: PlanePoint) => number): number =>
      points.reduce((sum, point) => sum + value(point), 0) / prompts;
    return { reward: average((p) => p.reward), kl: average((p) => p.kl), objective: average((p) => p.objective) };
  });
}
