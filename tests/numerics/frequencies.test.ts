import { SAMPLER_NAMES } from '../../src/experiment/samplers/table';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ArmConfig, type ExperimentConfigInput } from '../../src/experiment/config/schema';
import { preferenceProbability } from '../../src/math/bradleyTerry';
import { softmax } from '../../src/math/logits';
import { chiSquareTail } from '../../src/math/statistics';
import { SAMPLERS } from '../../src/experiment/samplers/table';
import { bestOfNPairDistribution } from '../../src/theory/bestOfN';
import { bestDesign } from '../../src/theory/bestDesign';
import { pairTable } from '../../src/theory/pairTable';
import { closestOfNPairDistribution } from '../../src/theory/closestOfN';
import { implicitRewards } from '../../src/theory/implicitReward';
import { pairDistribution, tPilafPairDistribution } from '../../src/theory/pairDistribution';
import { banditTask } from '../../src/training/banditTask';
import { Fleet } from '../../src/training/fleet';
import type { PreferencePair } from '../../src/training/pair';
import { trainStep } from '../../src/training/round';
import { groupIntoFleets, runsOf } from '../../src/training/run';
import { forEachBackend, type BackendName } from '../support/backends';
import { configOf } from '../support/tasks';

/**
 * Labelled pairs as a fleet really draws them, against the exact probability of every (prompt, chosen, rejected):
 * (μ_ab + μ_ba)·σ(r*_a − r*_b)/X.
 */

const RESPONSES = 4;
const REFERENCE = [
  [0.3, -0.8, 1.1, 0],
  [-0.5, 0.9, 0.2, 0.6],
];
/** Two responses of the second prompt are worth the same: ties among the oracle's scores. */
const REWARDS = [
  [1.5, -1, 0, 2.5],
  [1, -2, 1, 0.5],
];
const BETA = 1;

type Arm = ExperimentConfigInput['arms'][number];

const ARMS: readonly Arm[] = [
  { sampler: 'vanilla' },
  { sampler: 'hybrid' },
  { sampler: 'pilaf' },
  { sampler: 'pilaf', alpha: 2.5 },
  { sampler: 'pilaf', temperature: 0.6 },
  { sampler: 'uniform' },
  { sampler: 't-pilaf' },
  { sampler: 't-pilaf', beta: 2.5 },
  { sampler: 'reference' },
  { sampler: 'dpo-mix-p' },
  { sampler: 'simplemix' },
  { sampler: 'dpo-mix-p-table' },
  { sampler: 'dpo-mix-r-table' },
  { sampler: 'best-design' },
  { sampler: 'implicit-design' },
  {
    sampler: 'custom',
    temperature: 1.7,
    mixture: [
      { weight: 0.2, first: 'uniform', second: 0.7 },
      { weight: 0.5, first: -1, second: 1.5 },
      { weight: 0.3, first: 0, second: 0 },
    ],
  },
  { sampler: 'best-of-n', n: 8 },
  { sampler: 'best-of-n', n: 3, temperature: 0.8 },
  { sampler: 'closest-of-n', n: 8 },
  { sampler: 'closest-of-n', n: 3, temperature: 0.7 },
  { sampler: 'best-of-n-oracle', n: 8 },
  { sampler: 'best-of-n-oracle', n: 3, temperature: 2 },
];

/** Pairs a run. */
const PAIRS: Record<BackendName, number> = { cpu: 6000, wasm: 3000, webgpu: 1000 };

/** Steps that lead away from the reference, where all samplers but Best-of-N would draw nearly alike. */
const STEPS = 4;

interface Drawn {
  readonly arm: ArmConfig;
  /** The policy that the pairs were drawn from, by prompt. // [X][K] */
  readonly logits: Float32Array[];
  readonly pairs: readonly PreferencePair[];
}

/** Trains every arm for some steps, then takes one step's pairs at learning rate 0, so that its policy is known. */
async function drawPairs(pairs: number): Promise<Drawn[]> {
  const base = configOf({
    task: { kind: 'bandit', referenceLogits: REFERENCE, rewards: REWARDS },
    arms: [...ARMS.slice(0, 10)],
    seeds: 1,
    firstSeed: 20,
    beta: BETA,
    learningRate: 0.4,
    schedule: { steps: STEPS, pairs: 32, learningRate: 'linear' },
    evaluation: { every: 100 },
  });
  // More arms than the page allows, and in the last step more pairs.
  const more = configOf({ ...base, arms: [...ARMS.slice(10)] });
  const schedule = { ...base.schedule };
  const config = { ...base, arms: [...base.arms, ...more.arms], schedule };
  if (config.task.kind !== 'bandit') throw new Error('not a bandit');
  const task = banditTask(config.task);
  const drawn = new Array<Drawn>(config.arms.length);
  for (const group of groupIntoFleets(runsOf(config))) {
    const fleet = new Fleet(task, config, group);
    schedule.pairs = base.schedule.pairs;
    for (let step = 0; step < STEPS; step++) await trainStep(fleet, step);
    const weights = await fleet.readWeights();
    // The linear schedule has reached 0 here.
    schedule.pairs = pairs;
    await trainStep(fleet, STEPS);
    expect(await fleet.readWeights()).toEqual(weights);
    fleet.memories.forEach(({ run, latest }, r) => {
      const rows = REFERENCE.map((_, x) => weights[r]!.slice(x * RESPONSES, (x + 1) * RESPONSES));
      drawn[run.index] = { arm: config.arms[run.index]!, logits: rows, pairs: latest!.pairs };
    });
    fleet.dispose();
  }
  return drawn;
}

const betaOf = (arm: ArmConfig): number => arm.beta ?? BETA;

/** The ordered pair that an arm shows for one prompt, exactly. // [K, K] */
function exactPairs(arm: ArmConfig, logits: ArrayLike<number>, prompt: number): Float64Array {
  const reference = REFERENCE[prompt]!;
  const tempered = softmax(Array.from(logits, (h) => h / arm.temperature));
  switch (arm.sampler) {
    case 't-pilaf':
      return tPilafPairDistribution(logits, reference, betaOf(arm));
    case 'best-of-n':
      return bestOfNPairDistribution(tempered, implicitRewards(logits, reference, betaOf(arm)), arm.n);
    case 'dpo-mix-p-table':
      return spreadPairs(implicitRewards(logits, reference, betaOf(arm)));
    case 'dpo-mix-r-table':
      return spreadPairs(REWARDS[prompt]!);
    case 'best-design':
      return bestDesign({ referenceLogits: reference, rewards: REWARDS[prompt]!, beta: betaOf(arm) }).mu;
    case 'implicit-design': {
      const rewards = implicitRewards(logits, reference, betaOf(arm));
      return pairTable('implicit-design', { referenceLogits: reference, rewards, beta: betaOf(arm) }, logits);
    }
    case 'closest-of-n':
      return closestOfNPairDistribution(tempered, implicitRewards(logits, reference, betaOf(arm)), arm.n);
    case 'best-of-n-oracle':
      return bestOfNPairDistribution(tempered, REWARDS[prompt]!, arm.n);
    default: {
      const mixture = SAMPLERS[arm.sampler].mixture(arm.alpha ?? betaOf(arm), arm.mixture ?? []);
      return pairDistribution(logits, reference, mixture, arm.temperature);
    }
  }
}

/** In proportion to 2 + e^Δ + e^−Δ. */
function spreadPairs(rewards: ArrayLike<number>): Float64Array {
  const mu = Float64Array.from({ length: RESPONSES ** 2 }, (_, i) => {
    const gap = rewards[Math.floor(i / RESPONSES)]! - rewards[i % RESPONSES]!;
    return 2 + Math.exp(gap) + Math.exp(-gap);
  });
  const total = mu.reduce((sum, value) => sum + value, 0);
  return mu.map((value) => value / total);
}

/** Probability of every (prompt, chosen, rejected). // [X·K·K] */
function exactCells(arm: ArmConfig, logits: readonly ArrayLike<number>[]): number[] {
  return logits.flatMap((row, x) => {
    const mu = exactPairs(arm, row, x);
    return Array.from(mu, (_, i) => {
      const [a, b] = [Math.floor(i / RESPONSES), i % RESPONSES];
      const shown = mu[a * RESPONSES + b]! + mu[b * RESPONSES + a]!;
      return (shown * preferenceProbability(REWARDS[x]![a]!, REWARDS[x]![b]!)) / logits.length;
    });
  });
}

function counts(pairs: readonly PreferencePair[]): number[] {
  const found = new Array<number>(REFERENCE.length * RESPONSES ** 2).fill(0);
  for (const { prompt, chosen, rejected } of pairs) {
    found[(prompt[0]! * RESPONSES + chosen.ids[0]!) * RESPONSES + rejected.ids[0]!]! += 1;
  }
  return found;
}

/** Pearson's χ² test; cells where fewer than five pairs are expected are taken together. */
function pValue(observed: readonly number[], probabilities: readonly number[]): number {
  const total = observed.reduce((a, b) => a + b, 0);
  const cells: { observed: number; expected: number }[] = [];
  const rest = { observed: 0, expected: 0 };
  observed.forEach((count, i) => {
    const expected = probabilities[i]! * total;
    if (expected >= 5) return cells.push({ observed: count, expected });
    rest.observed += count;
    rest.expected += expected;
  });
  if (rest.expected > 0 || rest.observed > 0) cells.push(rest);
  const statistic = cells.reduce((sum, c) => sum + (c.observed - c.expected) ** 2 / c.expected, 0);
  return chiSquareTail(statistic, cells.length - 1);
}

/** What an arm's pairs are not drawn from. */
const wrongArm = (arm: ArmConfig, all: readonly Drawn[]): ArmConfig =>
  all.map((d) => d.arm).find((other) => other.sampler === (arm.sampler === 'vanilla' ? 'hybrid' : 'vanilla'))!;

it('covers every sampler of the table', () => {
  expect(new Set(ARMS.map((arm) => arm.sampler))).toEqual(new Set(SAMPLER_NAMES));
});

describe('sampled pairs', () => {
  forEachBackend((name) => {
    let drawn: Drawn[];
    beforeAll(async () => {
      drawn = await drawPairs(PAIRS[name]);
    });

    it.each(ARMS.map((arm, i) => [`${arm.sampler} ${i}`, i] as const))('have the exact distribution of %s', (_, i) => {
      const { arm, logits, pairs } = drawn[i]!;
      expect(arm).toMatchObject(ARMS[i]!);
      expect(pairs.length).toBe(PAIRS[name]);
      const moved = logits.flatMap((row, x) => [...row].map((h, k) => Math.abs(h - REFERENCE[x]![k]!)));
      expect(Math.max(...moved), 'the policy has left the reference').toBeGreaterThan(0.5);
      const cells = exactCells(arm, logits);
      expect(cells.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      const p = pValue(counts(pairs), cells);
      expect(p).toBeGreaterThan(1e-3);
    });

    if (name !== 'cpu') return;

    it('would be told from those of a wrong sampler', () => {
      for (const { arm, logits, pairs } of drawn) {
        const wrong = exactCells(wrongArm(arm, drawn), logits);
        expect(pValue(counts(pairs), wrong), arm.sampler).toBeLessThan(1e-6);
      }
    });

    it('of T-PILAF are not half and half where Z⁺Z⁻ is large', () => {
      const { arm, logits, pairs } = drawn.find((d) => d.arm.sampler === 't-pilaf' && d.arm.beta === 2.5)!;
      expect(pValue(counts(pairs), exactCells({ ...arm, sampler: 'pilaf' }, logits))).toBeLessThan(1e-6);
    });

    it('would be told from those of a policy that had not moved', () => {
      const { arm, pairs } = drawn.find((d) => d.arm.sampler === 'pilaf')!;
      expect(pValue(counts(pairs), exactCells(arm, REFERENCE))).toBeLessThan(1e-6);
    });
  });
});
