import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resolveSampler, SAMPLER_NAMES, type SamplerName } from '../../src/experiment/samplers/table';
import { sigmoid } from '../../src/math/bradleyTerry';
import { normal, STREAM } from '../../src/math/random';
import { alignmentAt } from '../../src/theory/alignment';
import { armPairs } from '../../src/theory/armPairs';
import { armTheories, theoryProblems } from '../../src/theory/armTheory';
import { asymptoticConstant, informationNetwork, policyCovariance } from '../../src/theory/asymptotics';
import { bestDesign } from '../../src/theory/bestDesign';
import { pairNormaliser } from '../../src/theory/implicitReward';
import { optimum } from '../../src/theory/optimum';
import { logitsAt, type Prompt } from '../../src/theory/prompt';
import { configOf } from '../support/tasks';

const normals = (row: number, count: number, scale: number): number[] =>
  Array.from(
    { length: count },
    (_, item) => scale * normal({ seed: 5, stream: STREAM.rewardTable, step: 0, row, token: 0 }, item),
  );

const promptOf = (row: number, responses: number, beta: number, range: number): Prompt => ({
  referenceLogits: normals(2 * row, responses, 1),
  rewards: normals(2 * row + 1, responses, range),
  beta,
});

const PROMPTS = [
  promptOf(0, 2, 0.5, 1),
  promptOf(1, 3, 1, 2),
  promptOf(2, 5, 0.5, 3),
  promptOf(3, 10, 1, 3),
  promptOf(4, 10, 0.1, 3),
];

const sampler = (name: SamplerName, beta: number, more: { weighted?: boolean; n?: number } = {}) =>
  resolveSampler(
    {
      sampler: name,
      temperature: 1,
      n: 8,
      weighted: false,
      mixture: [{ weight: 1, first: 0.5, second: 'uniform' }],
      ...more,
    },
    beta,
  );

const muAt = (name: SamplerName, prompt: Prompt, at: number) =>
  armPairs(sampler(name, prompt.beta), prompt, logitsAt(prompt, at));

/** The inverse of a matrix, by Gauss and Jordan with pivots. */
function inverted(matrix: number[][]): number[][] {
  const size = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => Number(i === j))]);
  for (let i = 0; i < size; i++) {
    let pivot = i;
    for (let r = i + 1; r < size; r++) if (Math.abs(rows[r]![i]!) > Math.abs(rows[pivot]![i]!)) pivot = r;
    [rows[i], rows[pivot]] = [rows[pivot]!, rows[i]!];
    const own = rows[i]!.map((value) => value / rows[i]![i]!);
    rows[i] = own;
    for (let r = 0; r < size; r++) {
      if (r === i) continue;
      const factor = rows[r]![i]!;
      rows[r] = rows[r]!.map((value, j) => value - factor * own[j]!);
    }
  }
  return rows.map((row) => row.slice(size));
}

describe('a sampler’s pairs', () => {
  it.each(SAMPLER_NAMES)('%s: a distribution, at every point of the way', (name) => {
    for (const prompt of PROMPTS) {
      for (const at of [0, 0.3, 1]) {
        const mu = muAt(name, prompt, at);
        expect(Math.min(...mu)).toBeGreaterThanOrEqual(0);
        expect(Math.abs(mu.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-12);
      }
    }
  });

  it('rounding breaks no tie of implicit rewards', () => {
    const prompt = { referenceLogits: [0.7, -0.3, 0.123456789], rewards: [1, 1, 1], beta: 0.3 };
    const [mu, atReference] = [muAt('best-of-n', prompt, 1), muAt('best-of-n', prompt, 0)];
    mu.forEach((value, i) => expect(Math.abs(value - atReference[i]!)).toBeLessThan(1e-12));
  });
});

describe('the asymptotic constant', () => {
  it.each(PROMPTS)('is (K − 1)(1 + Z⁺Z⁻)/2β for T-PILAF, prompt %#', (prompt) => {
    const { referenceLogits, rewards, beta } = prompt;
    const closed = ((rewards.length - 1) * pairNormaliser(logitsAt(prompt, 1), referenceLogits, beta)) / (2 * beta);
    const found = asymptoticConstant(prompt, muAt('t-pilaf', prompt, 1));
    expect(Math.abs(found / closed - 1)).toBeLessThan(1e-9);
  });

  it.each(SAMPLER_NAMES)('%s: is ½·tr(β·Σ*·I⁺), and the covariance Σ*I⁺Σ*', (name) => {
    for (const prompt of PROMPTS.slice(0, 4)) {
      const mu = muAt(name, prompt, 1);
      const { responses, conductances } = informationNetwork(prompt, mu);
      const indices = Array.from({ length: responses }, (_, k) => k);
      const off = (a: number, b: number) => (a === b ? 0 : conductances[a * responses + b]!);
      const information = indices.map((a) =>
        indices.map((b) => (a === b ? indices.reduce((sum, c) => sum + off(a, c), 0) : -off(a, b))),
      );
      // (I + s·11ᵀ)⁻¹ is I⁺ but for a multiple of 11ᵀ, which Σ* does not see; s is of I's own size.
      const size = Math.max(...information.flat());
      const inverse = inverted(information.map((row) => row.map((value) => value + size)));
      const { policy } = optimum(prompt.referenceLogits, prompt.rewards, prompt.beta);
      const spread = indices.map((a) => indices.map((b) => policy[a]! * (Number(a === b) - policy[b]!)));
      const product = (x: number[][], y: number[][]) =>
        x.map((row) => indices.map((b) => row.reduce((sum, value, k) => sum + value * y[k]![b]!, 0)));
      const half = product(spread, inverse);
      const dense = (prompt.beta / 2) * indices.reduce((sum, k) => sum + half[k]![k]!, 0);
      expect(Math.abs(asymptoticConstant(prompt, mu) / dense - 1), `${responses} responses`).toBeLessThan(1e-7);
      const covariance = policyCovariance(prompt, mu)!;
      const expected = product(half, spread).flat();
      const scale = Math.max(...expected.map(Math.abs));
      covariance.forEach((value, i) => expect(Math.abs(value - expected[i]!) / scale).toBeLessThan(1e-6));
    }
  });

  it('is infinite where an answer is never compared', () => {
    const prompt = { referenceLogits: [0, 0, 0], rewards: [3, 0, 0], beta: 0.001 };
    expect(asymptoticConstant(prompt, muAt('vanilla', prompt, 1))).toBe(Infinity);
    expect(policyCovariance(prompt, muAt('vanilla', prompt, 1))).toBeNull();
    expect(asymptoticConstant(prompt, muAt('uniform', prompt, 1))).toBeLessThan(Infinity);
  });
});

describe('the best design', () => {
  const golden = JSON.parse(readFileSync('tests/golden/designs.json', 'utf8')) as {
    readonly referenceLogits: number[];
    readonly rewards: number[];
    readonly beta: number;
    readonly constant: number;
    readonly samplers: Readonly<Record<string, number>>;
  }[];

  it.each(golden)('is what an independent optimiser finds, prompt %#', ({ constant, samplers, ...prompt }) => {
    const found = bestDesign(prompt);
    expect(found.constant - found.bound).toBeLessThanOrEqual(1e-10 * found.constant);
    expect(Math.abs(found.constant / constant - 1)).toBeLessThan(1e-6);
    expect(Math.abs(found.mu.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-12);
    expect(Math.abs(asymptoticConstant(prompt, found.mu) / found.constant - 1)).toBeLessThan(1e-9);
    for (const [name, expected] of Object.entries(samplers)) {
      const own = asymptoticConstant(prompt, muAt(name as SamplerName, prompt, 1));
      expect(Math.abs(own / expected - 1), name).toBeLessThan(1e-6);
    }
  });

  it('is told where rewards are wide over β, or said to be beyond numbers', () => {
    for (const beta of [0.01, 0.001]) {
      const { constant, bound, mu } = bestDesign({ ...PROMPTS[3]!, beta });
      expect(Number.isNaN(constant) || Number.isNaN(bound)).toBe(false);
      expect(Math.abs(mu.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-9);
    }
  });

  it.each(PROMPTS)('is beaten by no sampler, prompt %#', (prompt) => {
    const { constant } = bestDesign(prompt);
    for (const name of SAMPLER_NAMES) {
      expect(asymptoticConstant(prompt, muAt(name, prompt, 1)), name).toBeGreaterThanOrEqual(constant * (1 - 1e-9));
    }
  });
});

describe('alignment', () => {
  const at = (name: SamplerName, where: number, more = {}) =>
    alignmentAt(
      sampler(name, 1, more),
      PROMPTS.filter(({ beta }) => beta === 1),
      where,
    )!;

  it('is 1 for T-PILAF at the optimum, and smooth up to it', () => {
    expect(Math.abs(at('t-pilaf', 1, { weighted: true }) - 1)).toBeLessThan(1e-12);
    // Unweighted, prompts of larger partition functions count less.
    expect(at('t-pilaf', 1)).toBeLessThan(1 - 1e-6);
    for (const name of SAMPLER_NAMES) {
      if (name === 'best-of-n') continue;
      expect(Math.abs(at(name, 1) - at(name, 1 - 1e-5)), name).toBeLessThan(1e-4);
    }
  });

  it('is Vanilla’s for PILAF and T-PILAF at the reference', () => {
    expect(at('pilaf', 0)).toBeCloseTo(at('vanilla', 0), 12);
    expect(at('t-pilaf', 0)).toBeCloseTo(at('vanilla', 0), 12);
    expect(at('hybrid', 0)).toBeCloseTo(at('vanilla', 0), 12);
  });

  it('is local: T-PILAF’s distance from 1 falls with the square of what is left', () => {
    const [far, near] = [0.9, 0.99].map((where) => 1 - at('t-pilaf', where, { weighted: true }));
    expect(far! / near!).toBeGreaterThan(50);
  });

  it('is null where all answers are worth the same', () => {
    const flat = { referenceLogits: [0, 1], rewards: [2, 2], beta: 1 };
    expect(alignmentAt(sampler('vanilla', 1), [flat], 0.5)).toBeNull();
  });

  it('is that of the gradients themselves', () => {
    const [prompt] = PROMPTS.slice(2);
    const logits = logitsAt(prompt!, 0.4);
    const mu = armPairs(sampler('hybrid', prompt!.beta), prompt!, logits);
    const p = Array.from(logits, Math.exp);
    const total = p.reduce((a, b) => a + b, 0);
    const size = p.length;
    const r = Array.from(logits, (h, k) => prompt!.beta * (h - prompt!.referenceLogits[k]!));
    const star = prompt!.rewards;
    let [inner, own, ideal] = [0, 0, 0];
    for (let k = 0; k < size; k++) {
      let [down, up] = [0, 0];
      for (let b = 0; b < size; b++) {
        const surprise = sigmoid(star[k]! - star[b]!) - sigmoid(r[k]! - r[b]!);
        down += prompt!.beta * (mu[k * size + b]! + mu[b * size + k]!) * surprise;
        up += (p[k]! / total) * (p[b]! / total) * (star[k]! - star[b]! - r[k]! + r[b]!);
      }
      inner += down * up;
      own += down ** 2;
      ideal += up ** 2;
    }
    const expected = inner / Math.sqrt(own * ideal);
    expect(alignmentAt(sampler('hybrid', prompt!.beta), [prompt!], 0.4)).toBeCloseTo(expected, 12);
  });
});

describe('the arms of a config', () => {
  const config = configOf({
    task: { kind: 'bandit', prompts: 3, responses: 4 },
    arms: [{ sampler: 'vanilla' }, { sampler: 't-pilaf' }, { sampler: 'best-of-n', n: 5, beta: 2 }],
    seeds: 2,
    beta: 1,
    learningRate: 0.1,
    schedule: { steps: 1, pairs: 1 },
    evaluation: { every: 1 },
  });
  const tables = [0, 1].map((seed) => ({
    prompts: 3,
    responses: 4,
    referenceLogits: Float64Array.from(normals(20 + seed, 12, 1)),
    rewards: Float64Array.from(normals(30 + seed, 12, 3)),
  }));

  it('sum constants over prompts and average over seeds', () => {
    const { arms, best } = armTheories(config, tables, [0, 1]);
    const constant = (name: SamplerName, beta: number) =>
      tables
        .flatMap(({ referenceLogits, rewards }) =>
          [0, 1, 2].map((x) => ({
            referenceLogits: referenceLogits.slice(4 * x, 4 * x + 4),
            rewards: rewards.slice(4 * x, 4 * x + 4),
            beta,
          })),
        )
        .reduce(
          (sum, prompt) =>
            sum + asymptoticConstant(prompt, armPairs(sampler(name, beta, { n: 5 }), prompt, logitsAt(prompt, 1))) / 2,
          0,
        );
    expect(arms.map(({ arm }) => arm)).toEqual(['Vanilla', 'T-PILAF', 'Best-of-N (N = 5, β = 2)']);
    expect(arms[0]!.constant).toBeCloseTo(constant('vanilla', 1), 8);
    expect(arms[2]!.constant).toBeCloseTo(constant('best-of-n', 2), 8);
    expect(arms[1]!.efficiency).toBeCloseTo(best.constant! / arms[1]!.constant!, 12);
    expect(arms[1]!.alignment.map(({ at }) => at)).toEqual([0, 1]);
  });

  it.each([
    [{ loss: { kind: 'ipo' as const } }, /^loss$/],
    [{ labeller: { flip: 0.1 } }, /^labeller.flip$/],
    [{ labeller: { rule: 'deterministic' as const } }, /^labeller.rule$/],
    [{ arms: [{ sampler: 'vanilla' as const, loss: { smoothing: 0.1 } }] }, /^arms.0.loss$/],
    [{ loss: { kind: 'ipo' as const }, arms: [{ sampler: 'vanilla' as const }] }, /^loss$/],
    [{ task: { kind: 'reviews' as const }, arms: [{ sampler: 'vanilla' as const }] }, /^task.kind$/],
  ])('say what the theory does not cover: %j', (change, path) => {
    const [problem] = theoryProblems(configOf({ ...config, ...change }));
    expect(problem?.path).toMatch(path);
    expect(problem?.message).toMatch(/^the theory does not cover .*; give /);
  });

  it('cover everything else', () => {
    expect(theoryProblems(config)).toEqual([]);
  });
});
