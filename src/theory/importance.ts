import type { Estimate, PlanePoint } from '../experiment/documents/results';
import { logSumExp } from '../math/logits';
import { mean } from '../math/statistics';

/**
 * The optimum where completions are too many to enumerate, by self-normalised importance sampling (Owen, Monte Carlo
 * theory, methods and examples, 2013, chapter 9). With u_i = π_ref(y_i)/q(y_i), w_i = u_i·exp(r_i/β) and π* ∝ π_ref·exp(r/β):
 * reward = Σ w r / Σ w,  log Z = log Σ w − log Σ u,  J* = β·log Z,  KL(π*‖π_ref) = reward/β − log Z.
 * Dividing by Σ u instead of n makes π_ref itself the limit at large β, with a KL of exactly 0, and KL never negative.
 */

/** Completions of one prompt, drawn independently from a proposal q. */
export interface PromptSamples {
  /** r*(x, y). // [n] */
  readonly rewards: ArrayLike<number>;
  /** log π_ref(y|x) − log q(y|x), nats; a constant on top cancels. // [n] */
  readonly logRatios: ArrayLike<number>;
}

/** One prompt's optimum at a β. */
interface PromptEstimate extends PlanePoint {
  /** Squares of the standard errors, by the delta method. */
  readonly variances: { readonly reward: number; readonly kl: number; readonly objective: number };
  /** (Σw)²/Σw²: as many draws from π* would say as much, as long as q has seen all that π* writes. */
  readonly effective: number;
}

/** Throws RangeError without samples, for unequal lengths, and for β not above 0. */
function estimatePrompt({ rewards, logRatios }: PromptSamples, beta: number): PromptEstimate {
  const count = rewards.length;
  if (count === 0 || logRatios.length !== count) throw new RangeError(`${logRatios.length} ratios, ${count} rewards`);
  if (!(beta > 0)) throw new RangeError(`β is ${beta}; it must be above 0`);
  const logWeights = Float64Array.from(logRatios, (ratio, i) => ratio + rewards[i]! / beta);
  const [logWeight, logRatio] = [logSumExp(logWeights), logSumExp(logRatios)];
  const logZ = logWeight - logRatio;
  let reward = 0;
  for (let i = 0; i < count; i++) reward += Math.exp(logWeights[i]! - logWeight) * rewards[i]!;
  const squares = { weight: 0, reward: 0, kl: 0, logZ: 0 };
  for (let i = 0; i < count; i++) {
    // What sample i adds to each estimate, to first order; the sums over i are 0.
    const tilted = Math.exp(logWeights[i]! - logWeight);
    const plain = Math.exp(logRatios[i]! - logRatio);
    const moved = tilted * (rewards[i]! - reward);
    squares.weight += tilted ** 2;
    squares.reward += moved ** 2;
    squares.logZ += (tilted - plain) ** 2;
    squares.kl += (moved / beta - tilted + plain) ** 2;
  }
  return {
    reward,
    kl: reward / beta - logZ,
    objective: beta * logZ,
    variances: { reward: squares.reward, kl: squares.kl, objective: beta ** 2 * squares.logZ },
    effective: 1 / squares.weight,
  };
}

/** An estimated point of the frontier: the mean over prompts of their optima at a β. */
export interface EstimatedPoint extends PlanePoint {
  readonly beta: number;
  readonly estimate: Estimate;
}

/**
 * Mean over prompts, whose samples are independent. `shares` are the prompts' weights, equal where not given.
 * Throws RangeError as described above and without prompts.
 */
export function estimateOptimum(
  prompts: readonly PromptSamples[],
  beta: number,
  shares: readonly number[] = prompts.map(() => 1),
): EstimatedPoint {
  const found = prompts.map((samples) => estimatePrompt(samples, beta));
  const total = shares.reduce((sum, share) => sum + share, 0);
  if (!(total > 0)) throw new RangeError('an optimum needs prompts');
  const average = (value: (prompt: PromptEstimate) => number): number =>
    found.reduce((sum, prompt, x) => sum + shares[x]! * value(prompt), 0) / total;
  const error = (value: (prompt: PromptEstimate) => number): number =>
    Math.sqrt(found.reduce((sum, prompt, x) => sum + shares[x]! ** 2 * value(prompt), 0)) / total;
  return {
    beta,
    reward: average((p) => p.reward),
    kl: average((p) => p.kl),
    objective: average((p) => p.objective),
    estimate: {
      errors: {
        reward: error((p) => p.variances.reward),
        kl: error((p) => p.variances.kl),
        objective: error((p) => p.variances.objective),
      },
      effective: summaryOf(found.map((p) => p.effective)),
    },
  };
}

function summaryOf(values: readonly number[]): Estimate['effective'] {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = [sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!];
  return { minimum: sorted[0]!, median: mean(middle) };
}
