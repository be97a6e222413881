/** The Bradley–Terry label model and the DPO loss on it (arXiv 2502.04270), safe at any margin. */

/** σ(x) = 1/(1 + e^−x). The branch keeps the exponent non-positive, so small tails keep their relative precision. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** σ'(x) = σ(x)·σ(−x), at most ¼. */
export const sigmoidSlope = (x: number): number => sigmoid(x) * sigmoid(-x);

/** log σ(x) in nats, finite for every finite x: about x far below 0 and −e^−x far above. */
export function logSigmoid(x: number): number {
  return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
}

/** P(a ≻ b) = σ(r*(a) − r*(b)): the chance that the annotator prefers a completion scored `rewardA`. */
export const preferenceProbability = (rewardA: number, rewardB: number): number => sigmoid(rewardA - rewardB);

/** How two scores become a label. */
export interface LabelRule {
  readonly rule: 'bradley-terry' | 'deterministic';
  /** Probability that the label is turned around. */
  readonly flip: number;
}

/** P(a is labelled as preferred); equal scores are a coin toss. */
export function labelProbability({ rule, flip }: LabelRule, scoreA: number, scoreB: number): number {
  const certain = scoreA === scoreB ? 0.5 : Number(scoreA > scoreB);
  const kept = rule === 'deterministic' ? certain : preferenceProbability(scoreA, scoreB);
  return kept + flip * (1 - 2 * kept);
}

/** −log σ(margin) in nats; the margin is r_θ(chosen) − r_θ(rejected). */
export const dpoLoss = (margin: number): number => -logSigmoid(margin);
