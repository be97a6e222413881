import { describe, expect, it } from 'vitest';
import { dpoLoss, preferenceProbability, sigmoid } from '../../src/math/bradleyTerry';
import { softmax } from '../../src/math/logits';
import { normal, STREAM } from '../../src/math/random';
import { evaluatePrompt } from '../../src/theory/evaluate';
import { alignment, expectedDpoGradient, objectiveGradient, tPilafGradient } from '../../src/theory/gradients';
import { implicitRewards, logPartitions, pairNormaliser } from '../../src/theory/implicitReward';
import { pairDistribution, tPilafPairDistribution } from '../../src/theory/pairDistribution';

/** Identities 1 to 4 of the project's notes on arXiv 2502.04270, on random prompts. */

const normals = (seed: number, row: number, count: number, scale: number): number[] =>
  Array.from(
    { length: count },
    (_, item) => scale * normal({ seed, stream: STREAM.referenceTable, step: 0, row, token: 0 }, item),
  );

interface Case {
  readonly responses: number;
  readonly beta: number;
  readonly range: number;
}

const CASES: Case[] = [
  { responses: 2, beta: 0.1, range: 3 },
  { responses: 5, beta: 0.5, range: 3 },
  { responses: 10, beta: 1, range: 3 },
  { responses: 10, beta: 2, range: 1 },
];

function problem({ responses, beta, range }: Case, seed: number) {
  return {
    beta,
    logits: normals(seed, 0, responses, 1),
    reference: normals(seed, 1, responses, 1),
    rewards: normals(seed, 2, responses, range),
  };
}

/** L of a fixed pair distribution, straight from its definition: both labels with their Bradley–Terry probability. */
function expectedLoss(
  logits: number[],
  reference: number[],
  rewards: number[],
  beta: number,
  mu: Float64Array,
): number {
  const r = implicitRewards(logits, reference, beta);
  return mu.reduce((sum, weight, i) => {
    const a = Math.floor(i / r.length);
    const b = i % r.length;
    const preferred = preferenceProbability(rewards[a]!, rewards[b]!);
    const margin = r[a]! - r[b]!;
    return sum + weight * (preferred * dpoLoss(margin) + (1 - preferred) * dpoLoss(-margin));
  }, 0);
}

/** Central differences, extrapolated twice, so that the error is of order h⁶ and 1e-10 is within reach. */
function numericalGradient(f: (at: number[]) => number, at: number[]): number[] {
  return at.map((value, k) => {
    const central = (h: number): number => (f(at.with(k, value + h)) - f(at.with(k, value - h))) / (2 * h);
    const [wide, middle, narrow] = [central(0.04), central(0.02), central(0.01)];
    const first = (4 * middle - wide) / 3;
    const second = (4 * narrow - middle) / 3;
    return (16 * second - first) / 15;
  });
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, k) => Math.abs(value - b[k]!)));

const size = (a: ArrayLike<number>): number => Math.hypot(...Array.from(a));

describe.each(CASES)('K = $responses, β = $beta, rewards of range $range', (shape) => {
  const { beta, logits, reference, rewards } = problem(shape, 11);
  const samplers = {
    vanilla: pairDistribution(logits, reference, [{ weight: 1, first: 0, second: 0 }]),
    hybrid: pairDistribution(logits, reference, [{ weight: 1, first: 0, second: -1 }]),
    uniform: pairDistribution(logits, reference, [{ weight: 1, first: 'uniform', second: 'uniform' }]),
    't-pilaf': tPilafPairDistribution(logits, reference, beta),
  };

  it.each(Object.entries(samplers))('1: the gradient of the loss under %s is that of its definition', (_, mu) => {
    const numerical = numericalGradient((at) => expectedLoss(at, reference, rewards, beta, mu), logits);
    expect(distance(expectedDpoGradient(logits, reference, rewards, beta, mu), numerical)).toBeLessThan(1e-10);
  });

  it('1: the gradient of J is that of its definition', () => {
    const numerical = numericalGradient((at) => evaluatePrompt(at, reference, rewards, beta).objective, logits);
    expect(distance(objectiveGradient(logits, reference, rewards, beta), numerical)).toBeLessThan(1e-10);
  });

  it('2: T-PILAF’s unordered pairs are π_a·π_b/(N·σ′(Δ_ab))', () => {
    const mu = samplers['t-pilaf'];
    const p = softmax(logits);
    const r = implicitRewards(logits, reference, beta);
    const n = pairNormaliser(logits, reference, beta);
    const { plus, minus } = logPartitions(logits, reference, beta);
    expect(n).toBeCloseTo(1 + Math.exp(plus) * Math.exp(minus), 13);
    const expected = mu.map((_, i) => {
      const a = Math.floor(i / p.length);
      const b = i % p.length;
      const margin = r[a]! - r[b]!;
      return (p[a]! * p[b]!) / (n * sigmoid(margin) * sigmoid(-margin));
    });
    const unordered = mu.map((value, i) => value + mu[(i % p.length) * p.length + Math.floor(i / p.length)]!);
    expect(distance(unordered, expected)).toBeLessThan(4e-15);
  });

  it('3: T-PILAF’s closed gradient equals the general one', () => {
    const general = expectedDpoGradient(logits, reference, rewards, beta, samplers['t-pilaf']);
    expect(distance(tPilafGradient(logits, reference, rewards, beta), general)).toBeLessThan(1e-15 * Math.max(1, beta));
  });

  it('4: the residual is of second order, and T₂ is its leading term', () => {
    const r = implicitRewards(logits, reference, beta);
    const at = (epsilon: number) =>
      alignment(
        logits,
        reference,
        rewards.map((s, k) => r[k]! + epsilon * s),
        beta,
      );
    const [wide, narrow] = [at(0.004), at(0.002)];
    const small = at(0.0002);
    expect(size(at(0.0004).residual) / size(small.residual)).toBeCloseTo(4, 1);
    expect(size(small.secondOrder) / size(small.residual)).toBeCloseTo(1, 1);
    const third = (parts: typeof wide) => size(parts.residual.map((value, k) => value - parts.secondOrder[k]!));
    expect(third(wide) / third(narrow)).toBeGreaterThan(7.5);
    expect(third(wide) / third(narrow)).toBeLessThan(8.5);
  });

  it('4: from the reference the residual is of third order', () => {
    const at = (epsilon: number) =>
      alignment(
        reference,
        reference,
        rewards.map((s) => epsilon * s),
        beta,
      );
    const ratio = size(at(0.02).residual) / size(at(0.01).residual);
    expect(ratio).toBeGreaterThan(7.9);
    expect(ratio).toBeLessThan(8.1);
    expect(size(at(0.02).secondOrder)).toBe(0);
  });

  it('4: from the reference Vanilla, PILAF and T-PILAF take the same first step', () => {
    const gradient = (mu: Float64Array) => expectedDpoGradient(reference, reference, rewards, beta, mu);
    const vanilla = gradient(pairDistribution(reference, reference, [{ weight: 1, first: 0, second: 0 }]));
    const pilaf = pairDistribution(reference, reference, [
      { weight: 0.5, first: 0, second: 0 },
      { weight: 0.5, first: beta, second: -beta },
    ]);
    expect(size(vanilla)).toBeGreaterThan(0.001);
    expect(distance(gradient(pilaf), vanilla)).toBeLessThan(1e-16);
    expect(distance(gradient(tPilafPairDistribution(reference, reference, beta)), vanilla)).toBeLessThan(1e-16);
    expect(distance(tPilafGradient(reference, reference, rewards, beta), vanilla)).toBeLessThan(1e-15);
  });
});

it('the gradients vanish where the implicit reward is the oracle’s', () => {
  const { logits, reference } = problem({ responses: 6, beta: 1, range: 1 }, 3);
  const rewards = implicitRewards(logits, reference, 0.7).map((r) => r + 5);
  const parts = alignment(logits, reference, rewards, 0.7);
  expect(size(parts.gradient)).toBeLessThan(1e-15);
  expect(size(objectiveGradient(logits, reference, rewards, 0.7))).toBeLessThan(1e-15);
});

it('the gradients stay finite far from the optimum', () => {
  const gradient = tPilafGradient([0, 300, -300], [0, 0, 0], [900, -900, 0], 1);
  expect(gradient.every(Number.isFinite)).toBe(true);
});
