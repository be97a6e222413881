import type { Coefficient, MixtureComponent } from '../experiment/samplers/table';
import { sigmoid } from '../math/bradleyTerry';
import { softmax } from '../math/logits';
import { logPartitions } from './implicitReward';

/**
 * The exact distribution of the ordered pair that a sampler draws for one prompt with K responses:
 * μ_ab = P(first = a, second = b), [K, K] with entry a·K + b. Equations: arXiv 2502.04270, Table 1.
 */

/** π_a ∝ exp((h_θ + a·(h_θ − h_ref))/temperature), [K]; equal probabilities for 'uniform', at any temperature. */
export function interpolatedProbabilities(
  coefficient: Coefficient,
  logits: ArrayLike<number>,
  referenceLogits: ArrayLike<number>,
  temperature = 1,
): Float64Array {
  if (coefficient === 'uniform') return new Float64Array(logits.length).fill(1 / logits.length);
  return softmax(Float64Array.from(logits, (h, k) => (h + coefficient * (h - referenceLogits[k]!)) / temperature));
}

/** μ = Σ_c weight_c · first_c ⊗ second_c, [K, K]. The weights should sum to 1, as the config schema demands. */
export function pairDistribution(
  logits: ArrayLike<number>,
  referenceLogits: ArrayLike<number>,
  mixture: readonly MixtureComponent[],
  temperature = 1,
): Float64Array {
  const responses = logits.length;
  const mu = new Float64Array(responses * responses);
  for (const { weight, first, second } of mixture) {
    const p = interpolatedProbabilities(first, logits, referenceLogits, temperature);
    const q = interpolatedProbabilities(second, logits, referenceLogits, temperature);
    for (let i = 0; i < mu.length; i++) mu[i]! += weight * p[Math.floor(i / responses)]! * q[i % responses]!;
  }
  return mu;
}

/**
 * T-PILAF's mixture for this prompt: both from π_θ with probability 1/(1 + Z⁺Z⁻), else π⁺ and π⁻.
 * On one token, the coefficients ±β give the paper's sequence-level π± exactly.
 *
 * @param alpha the coefficient in place of β
 */
export function tPilafMixture(
  logits: ArrayLike<number>,
  referenceLogits: ArrayLike<number>,
  beta: number,
  alpha = beta,
): MixtureComponent[] {
  const { plus, minus } = logPartitions(logits, referenceLogits, beta);
  return [
    { weight: sigmoid(-plus - minus), first: 0, second: 0 },
    { weight: sigmoid(plus + minus), first: alpha, second: -alpha },
  ];
}

/** T-PILAF's μ, [K, K]. */
export const tPilafPairDistribution = (
  logits: ArrayLike<number>,
  referenceLogits: ArrayLike<number>,
  beta: number,
): Float64Array => pairDistribution(logits, referenceLogits, tPilafMixture(logits, referenceLogits, beta));
