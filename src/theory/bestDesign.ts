import { constantOf, largest, pairInformation, varianceUnder } from './asymptotics';
import { inverseOf, type Network } from './network';
import { optimum } from './optimum';
import type { Prompt } from './prompt';

/** The pair distribution from which labels tell most. */
export interface BestDesign {
  /** [K, K], symmetric: a pair's probability is twice its entry. */
  readonly mu: Float64Array;
  /** c(μ) of it. */
  readonly constant: number;
  /** No pair distribution has a constant below this one. */
  readonly bound: number;
}

/** How far apart constant and bound may end, relatively, unless somebody asks for less. */
const TOLERANCE = 1e-10;
const MOST_STEPS = 300;
/** A step goes at most so far towards where a weight would be 0. */
const MOST_OF_THE_WAY = 0.9;
/** What a step that went all the way leaves of the barrier. */
const BARRIER_LEFT = 0.2;

/**
 * Minimises c(μ) over all pair distributions: an A-optimal design, and a convex problem. φ(w) = tr(βΣ*·I(w)⁺) is
 * homogeneous of degree −1, so its least value on the simplex follows from the least φ(w) + Σ w over all w ≥ 0, which
 * Newton steps with a logarithmic barrier find (Boyd and Vandenberghe, Convex Optimization, 2004, chapter 11). By the
 * Cauchy–Schwarz inequality no pair distribution has a constant below c·φ·/max d, with d = −∇φ at weights that sum to 1.
 */
export function bestDesign(prompt: Prompt, tolerance = TOLERANCE): BestDesign {
  const { beta } = prompt;
  const { policy } = optimum(prompt.referenceLogits, prompt.rewards, beta);
  const responses = policy.length;
  const worth = pairInformation(prompt);
  const ground = largest(policy);
  const pairs: (readonly [a: number, b: number])[] = [];
  for (let a = 0; a < responses; a++) for (let b = a + 1; b < responses; b++) pairs.push([a, b]);
  const worths = pairs.map(([a, b]) => worth[a * responses + b]!);
  const networkOf = (weights: readonly number[]): Network => {
    const conductances = new Float64Array(responses * responses);
    pairs.forEach(([a, b], i) => {
      conductances[a * responses + b] = conductances[b * responses + a] = weights[i]! * worths[i]!;
    });
    return { responses, conductances };
  };

  let weights = pairs.map(() => 1);
  const plain = constantOf(networkOf(weights), policy, beta);
  // Where the optimum is one response, or a pair's label is certain, as far as a number can tell.
  if (!Number.isFinite(plain) || plain <= Number.MIN_VALUE * 1e20) return evenDesign(responses, plain);
  const even = Math.sqrt((2 * plain) / pairs.length);
  weights = weights.map(() => even);
  let barrier = even;
  let [constant, bound] = [Infinity, 0];
  for (let step = 0; step < MOST_STEPS; step++) {
    const network = networkOf(weights);
    const inverse = inverseOf(network, ground);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const gains = pairs.map(([a, b], i) => {
      const potential = inverse[a]!.map((value, k) => value - inverse[b]![k]!);
      return worths[i]! * beta * varianceUnder(policy, potential);
    });
    constant = constantOf(network, policy, beta) * total;
    bound = Math.max(bound, (2 * constant ** 2) / (Math.max(...gains) * total ** 2));
    if (constant - bound <= tolerance * constant) break;
    const change = newtonStep({ pairs, worths, weights, gains, inverse, policy, beta, barrier });
    const fall = Math.max(...change.map((share) => -share));
    const length = fall > MOST_OF_THE_WAY ? MOST_OF_THE_WAY / fall : 1;
    weights = weights.map((weight, i) => weight * (1 + length * change[i]!));
    if (length === 1) barrier *= BARRIER_LEFT;
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mu = new Float64Array(responses * responses);
  pairs.forEach(([a, b], i) => {
    mu[a * responses + b] = mu[b * responses + a] = weights[i]! / total / 2;
  });
  return { mu, constant, bound };
}

function evenDesign(responses: number, plain: number): BestDesign {
  const mu = new Float64Array(responses ** 2).fill(1 / (responses * (responses - 1)));
  for (let k = 0; k < responses; k++) mu[k * responses + k] = 0;
  const constant = Number.isFinite(plain) ? 0 : Infinity;
  return { mu, constant, bound: constant };
}

interface Place {
  readonly pairs: readonly (readonly [a: number, b: number])[];
  readonly worths: readonly number[];
  readonly weights: readonly number[];
  /** −∇φ. */
  readonly gains: readonly number[];
  /** I⁺. // [K][K] */
  readonly inverse: readonly Float64Array[];
  readonly policy: Float64Array;
  readonly beta: number;
  readonly barrier: number;
}

/**
 * The Newton step of φ(w) + Σ w − barrier·Σ log w, as a share of each weight: relative changes keep the system in scale.
 * ∂²φ/∂w_i∂w_j = 2·g_i·g_j·(bᵢᵀI⁺bⱼ)(bᵢᵀI⁺βΣ*I⁺bⱼ) with b = e_a − e_b and g a pair's worth.
 */
function newtonStep({ pairs, worths, weights, gains, inverse, policy, beta, barrier }: Place): number[] {
  const responses = policy.length;
  const centred = inverse.map((row) => {
    const centre = row.reduce((sum, value, k) => sum + policy[k]! * value, 0);
    return row.map((value) => value - centre);
  });
  const product = centred.map((row) =>
    Float64Array.from({ length: responses }, (_, b) => {
      let sum = 0;
      for (let k = 0; k < responses; k++) sum += policy[k]! * row[k]! * centred[b]![k]!;
      return beta * sum;
    }),
  );
  const between = (
    matrix: readonly Float64Array[],
    [a, b]: readonly [number, number],
    [c, d]: readonly [number, number],
  ) => matrix[a]![c]! - matrix[a]![d]! - matrix[b]![c]! + matrix[b]![d]!;
  const scale = weights.map((weight, i) => weight * worths[i]!);
  const hessian = pairs.map((own, i) =>
    Float64Array.from({ length: i + 1 }, (_, j) => {
      const curvature = 2 * scale[i]! * scale[j]! * between(inverse, own, pairs[j]!) * between(product, own, pairs[j]!);
      return curvature + (i === j ? barrier : 0);
    }),
  );
  const slope = weights.map((weight, i) => weight * (gains[i]! - 1) + barrier);
  return solved(hessian, slope);
}

/** Solves A x = b for a positive definite A, given below and on its diagonal, by Cholesky. */
function solved(lower: readonly Float64Array[], b: readonly number[]): number[] {
  const factor = lower.map((row) => row.slice());
  const x = [...b];
  factor.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      let sum = row[j]!;
      for (let k = 0; k < j; k++) sum -= row[k]! * factor[j]![k]!;
      row[j] = j < i ? sum / factor[j]![j]! : Math.sqrt(Math.max(sum, Number.MIN_VALUE));
    }
    for (let k = 0; k < i; k++) x[i]! -= row[k]! * x[k]!;
    x[i]! /= row[i]!;
  });
  for (let i = x.length - 1; i >= 0; i--) {
    x[i]! /= factor[i]![i]!;
    for (let k = 0; k < i; k++) x[k]! -= factor[i]![k]! * x[i]!;
  }
  return x;
}
