import { sigmoid } from '../math/bradleyTerry';
import { softmax } from '../math/logits';
import { implicitRewards, pairNormaliser } from './implicitReward';

/**
 * Exact gradients for one prompt with respect to its logits θ, [K], float64 (arXiv 2502.04270; the closed
 * forms are ours). With Δ_ab = r_θ(a) − r_θ(b), Δ*_ab = r*(a) − r*(b) and δ = Δ* − Δ. Labels are Bradley–Terry.
 */

/**
 * Gradient of the expected DPO loss of pairs drawn from `mu` [K, K], which is not differentiated through:
 * (∇L)_k = −β Σ_b (μ_kb + μ_bk)·[σ(Δ*_kb) − σ(Δ_kb)].
 */
export function expectedDpoGradient(
  logits: ArrayLike<number>,
  referenceLogits: ArrayLike<number>,
  rewards: ArrayLike<number>,
  beta: number,
  mu: ArrayLike<number>,
): Float64Array {
  const r = implicitRewards(logits, referenceLogits, beta);
  const responses = r.length;
  return r.map((own, k) =>
    sumOver(responses, (b) => {
      const both = mu[k * responses + b]! + mu[b * responses + k]!;
      return -beta * both * (sigmoid(rewards[k]! - rewards[b]!) - sigmoid(own - r[b]!));
    }),
  );
}

/** Gradient of J = E[r*] − β·KL: (∇J)_k = π_k Σ_b π_b·δ_kb. */
export function objectiveGradient(
  logits: ArrayLike<number>,
  referenceLogits: ArrayLike<number>,
  rewards: ArrayLike<number>,
  beta: number,
): Float64Array {
  const r = implicitRewards(logits, referenceLogits, beta);
  return pairSum(logits, (k, b) => rewards[k]! - rewards[b]! - (r[k]! - r[b]!));
}

/**
 * T-PILAF's gradient without its pair distribution:
 * (∇L)_k = −(β/N)·π_k Σ_b π_b·g(Δ_kb, δ_kb), N = 1 + Z⁺Z⁻. Unweighted: times w(x) for the weighted loss.
 */
export function tPilafGradient(
  logits: ArrayLike<number>,
  referenceLogits: ArrayLike<number>,
  rewards: ArrayLike<number>,
  beta: number,
): Float64Array {
  const r = implicitRewards(logits, referenceLogits, beta);
  const scale = -beta / pairNormaliser(logits, referenceLogits, beta);
  return pairSum(logits, (k, b) => {
    const margin = r[k]! - r[b]!;
    return scale * labelSurprise(margin, rewards[k]! - rewards[b]! - margin);
  });
}

/** T-PILAF's gradient split into what climbs J and what does not: gradient = aligned + residual. */
export interface Alignment {
  readonly gradient: Float64Array;
  /** −(β/N)·∇J. */
  readonly aligned: Float64Array;
  /** gradient − aligned, of second order in δ (of third order where θ = ref). */
  readonly residual: Float64Array;
  /** The residual's leading term T₂: (T₂)_k = (β/2N)·π_k Σ_b π_b·tanh(Δ_kb/2)·δ_kb². */
  readonly secondOrder: Float64Array;
}

/** How far T-PILAF's gradient points along ∇J; every part is [K]. */
export function alignment(
  logits: ArrayLike<number>,
  referenceLogits: ArrayLike<number>,
  rewards: ArrayLike<number>,
  beta: number,
): Alignment {
  const r = implicitRewards(logits, referenceLogits, beta);
  const scale = beta / pairNormaliser(logits, referenceLogits, beta);
  const gradient = tPilafGradient(logits, referenceLogits, rewards, beta);
  const aligned = objectiveGradient(logits, referenceLogits, rewards, beta).map((value) => -scale * value);
  const secondOrder = pairSum(logits, (k, b) => {
    const margin = r[k]! - r[b]!;
    return (scale / 2) * Math.tanh(margin / 2) * (rewards[k]! - rewards[b]! - margin) ** 2;
  });
  return { gradient, aligned, residual: gradient.map((value, k) => value - aligned[k]!), secondOrder };
}

/**
 * g(u, δ) = (1 + e^u)(e^δ − 1)/(1 + e^(u+δ)) = [σ(u + δ) − σ(u)]/σ'(u). It is odd, g(−u, −δ) = −g(u, δ); with δ ≤ 0
 * nothing below overflows.
 */
function labelSurprise(u: number, delta: number): number {
  if (delta > 0) return -labelSurprise(-u, -delta);
  const quotient =
    u > 0 ? (Math.exp(-u) + 1) / (Math.exp(-u) + Math.exp(delta)) : (1 + Math.exp(u)) / (1 + Math.exp(u + delta));
  return Math.expm1(delta) * quotient;
}

/** π_k Σ_b π_b·value(k, b) for every k. */
function pairSum(logits: ArrayLike<number>, value: (k: number, b: number) => number): Float64Array {
  const p = softmax(logits);
  return p.map((own, k) => own * sumOver(p.length, (b) => p[b]! * value(k, b)));
}

function sumOver(count: number, term: (b: number) => number): number {
  let sum = 0;
  for (let b = 0; b < count; b++) sum += term(b);
  return sum;
}
