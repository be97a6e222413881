/** The Bradley–Terry label model and the DPO loss on it (arXiv 2502.04270), safe at any margin. */

/** σ(x) = 1/(1 + e^−x). The branch keeps the exponent non-positive, so small tails keep their relative precision. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** log σ(x) in nats, finite for every finite x: about x far below 0 and −e^−x far above. */
export function logSigmoid(x: number): number {
  return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
}

/** P(a ≻ b) = σ(r*(a) − r*(b)): the chance that the annotator prefers a completion scored `rewardA`. */
export const preferenceProbability = (rewardA: number, rewardB: number): number => sigmoid(rewardA - rewardB);

/** −log σ(margin) in nats; the margin is r_θ(chosen) − r_θ(rejected). */
export const dpoLoss = (margin: number): number => -logSigmoid(margin);
