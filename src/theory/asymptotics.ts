import { sigmoidSlope } from '../math/bradleyTerry';
import { eliminate, inverseOf, type Network } from './network';
import { optimum } from './optimum';
import type { Prompt } from './prompt';

/**
 * What n labels leave unknown, for large n (our derivation from arXiv 2502.04270, its statistical section). The DPO
 * estimate of θ is normal around θ* with covariance I⁺/n, so n·E[J* − J] → c = ½·tr(β·Σ*·I⁺) with
 * Σ* = diag π* − π*π*ᵀ. I is a pair's expected Fisher information at θ*. Over X prompts drawn evenly c = Σ_x c_x with n
 * labels in all. For T-PILAF c = (K − 1)(1 + Z⁺Z⁻)/2β.
 */

/** A label's Fisher information about Δ_ab, β²·σ'(Δ*_ab), [K, K]: what a pair is worth. */
export function pairInformation({ rewards, beta }: Prompt): Float64Array {
  const responses = rewards.length;
  return Float64Array.from({ length: responses * responses }, (_, i) => {
    const margin = rewards[Math.floor(i / responses)]! - rewards[i % responses]!;
    return beta ** 2 * sigmoidSlope(margin);
  });
}

/** The network of a pair distribution `mu` [K, K]: g_ab = β²·(μ_ab + μ_ba)·σ'(Δ*_ab). */
export function informationNetwork(prompt: Prompt, mu: ArrayLike<number>): Network {
  const responses = prompt.rewards.length;
  const conductances = pairInformation(prompt).map(
    (worth, i) => worth * (mu[i]! + mu[(i % responses) * responses + Math.floor(i / responses)]!),
  );
  return { responses, conductances };
}

/** c(μ) of one prompt; infinite where some response is never compared. */
export function asymptoticConstant(prompt: Prompt, mu: ArrayLike<number>): number {
  const { policy } = optimum(prompt.referenceLogits, prompt.rewards, prompt.beta);
  return constantOf(informationNetwork(prompt, mu), policy, prompt.beta);
}

/**
 * Covariance of the estimated policy's probabilities around π*, times the number of labels: Σ*I⁺Σ*, [K, K]. Null where
 * some response is never compared.
 */
export function policyCovariance(prompt: Prompt, mu: ArrayLike<number>): Float64Array | null {
  const { policy } = optimum(prompt.referenceLogits, prompt.rewards, prompt.beta);
  const network = informationNetwork(prompt, mu);
  const ground = largest(policy);
  if (eliminate(network, ground).pivots.includes(0)) return null;
  const inverse = inverseOf(network, ground);
  const responses = policy.length;
  const share = (a: number, b: number) => policy[a]! * (Number(a === b) - policy[b]!);
  const half = inverse.map((_, a) =>
    Float64Array.from({ length: responses }, (_, b) => sum(responses, (k) => share(a, k) * inverse[k]![b]!)),
  );
  return Float64Array.from({ length: responses * responses }, (_, i) => {
    const [a, b] = [Math.floor(i / responses), i % responses];
    return sum(responses, (k) => half[a]![k]! * share(k, b));
  });
}

function sum(count: number, term: (k: number) => number): number {
  let total = 0;
  for (let k = 0; k < count; k++) total += term(k);
  return total;
}

/** ½·β·Σ_i Var_{π*}(ray_i)/pivot_i. */
export function constantOf(network: Network, policy: ArrayLike<number>, beta: number): number {
  const { rays, pivots } = eliminate(network, largest(policy));
  // Where a response hangs on nothing, or on less than a number can hold, labels never tell about it.
  if (pivots.includes(0)) return Infinity;
  return (beta / 2) * rays.reduce((sum, ray, i) => sum + varianceUnder(policy, ray) / pivots[i]!, 0);
}

/** The best connected response: nearly all differences are then far from 0. */
export function largest(policy: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < policy.length; k++) if (policy[k]! > policy[best]!) best = k;
  return best;
}

export function varianceUnder(policy: ArrayLike<number>, values: ArrayLike<number>): number {
  let centre = 0;
  for (let k = 0; k < policy.length; k++) centre += policy[k]! * values[k]!;
  let spread = 0;
  for (let k = 0; k < policy.length; k++) spread += policy[k]! * (values[k]! - centre) ** 2;
  return spread;
}
