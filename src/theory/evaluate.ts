import type { PlanePoint } from '../experiment/documents/results';
import { entropy, expectation, klDivergence, logSoftmax } from '../math/logits';

/** A point of the plane with the policy's entropy, in nats per completion. */
export interface ExactEvaluation extends PlanePoint {
  readonly entropy: number;
  /** Standard deviation of the reward under the policy; over prompts the root of the mean variance. */
  readonly rewardSpread: number;
}

/** Exact reward, KL(π_θ‖π_ref) and J = reward − β·KL of one prompt from its rows [K]. */
export function evaluatePrompt(
  logits: ArrayLike<number>,
  referenceLogits: ArrayLike<number>,
  rewards: ArrayLike<number>,
  beta: number,
): ExactEvaluation {
  const logP = logSoftmax(logits);
  const reward = expectation(logP, (k) => rewards[k]!);
  const kl = klDivergence(logP, logSoftmax(referenceLogits));
  const variance = expectation(logP, (k) => (rewards[k]! - reward) ** 2);
  return { reward, kl, objective: reward - beta * kl, entropy: entropy(logP), rewardSpread: Math.sqrt(variance) };
}

/**
 * Exact evaluation of a tabular policy, mean over equally likely prompts. The three tables are flat, [X, K] with
 * X = `prompts` and K = `responses`; throws RangeError when one has another length.
 */
export function evaluateTable(
  logits: ArrayLike<number>,
  referenceLogits: ArrayLike<number>,
  rewards: ArrayLike<number>,
  prompts: number,
  responses: number,
  beta: number,
): ExactEvaluation {
  for (const table of [logits, referenceLogits, rewards]) {
    if (table.length !== prompts * responses) {
      throw new RangeError(`a table of ${prompts}×${responses} cannot have ${table.length} entries`);
    }
  }
  const row = (table: ArrayLike<number>, x: number): Float64Array => {
    const values = new Float64Array(responses);
    for (let k = 0; k < responses; k++) values[k] = table[x * responses + k]!;
    return values;
  };
  let reward = 0;
  let kl = 0;
  let entropies = 0;
  let variance = 0;
  for (let x = 0; x < prompts; x++) {
    const point = evaluatePrompt(row(logits, x), row(referenceLogits, x), row(rewards, x), beta);
    reward += point.reward / prompts;
    kl += point.kl / prompts;
    entropies += point.entropy / prompts;
    variance += point.rewardSpread ** 2 / prompts;
  }
  return { reward, kl, objective: reward - beta * kl, entropy: entropies, rewardSpread: Math.sqrt(variance) };
}
