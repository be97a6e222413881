import { describe, expect, it } from 'vitest';
import { logSoftmax } from '../../src/math/logits';
import { normal, STREAM, uniform } from '../../src/math/random';
import { estimateOptimum, type EstimatedPoint, type PromptSamples } from '../../src/theory/importance';
import { optimumAt } from '../../src/theory/optimumAt';
import { frontier } from '../../src/theory/optimum';

/** Enumerable prompts, so that the exact optimum is known. */
const PROMPTS = 3;
const RESPONSES = 12;
const table = (stream: number, scale: number): number[][] =>
  Array.from({ length: PROMPTS }, (_, row) =>
    Array.from({ length: RESPONSES }, (__, k) => scale * normal({ seed: 3, stream, step: 0, row, token: 0 }, k)),
  );
const REFERENCE = table(STREAM.referenceTable, 1);
const REWARDS = table(STREAM.rewardTable, 1);

const exact = (beta: number) => frontier(REFERENCE, REWARDS, [beta])[0]!;

/** Draws from a proposal with logits h_ref + tilt·r, mixed half and half with the reference where it is tilted. */
function samplesOf(count: number, seed: number, tilt = 0): PromptSamples[] {
  return REFERENCE.map((row, x) => {
    const reference = logSoftmax(row);
    const tilted = logSoftmax(row.map((h, k) => h + tilt * REWARDS[x]![k]!));
    const mixture = reference.map((value, k) => (Math.exp(value) + Math.exp(tilted[k]!)) / 2);
    const draw = (i: number): number => {
      let rest = uniform({ seed, stream: STREAM.optimum, step: 0, row: i, token: x });
      const found = mixture.findIndex((p) => (rest -= p) < 0);
      return found < 0 ? RESPONSES - 1 : found;
    };
    const drawn = Array.from({ length: count }, (_, i) => draw(i));
    return {
      rewards: drawn.map((k) => REWARDS[x]![k]!),
      logRatios: drawn.map((k) => reference[k]! - Math.log(mixture[k]!)),
    };
  });
}

const NAMES = ['reward', 'kl', 'objective'] as const;

describe('the estimated optimum', () => {
  it('is exact for weights that enumerate every completion', () => {
    const samples = REFERENCE.map((row, x) => ({ rewards: REWARDS[x]!, logRatios: [...logSoftmax(row)] }));
    for (const beta of [10, 1, 0.1, 1e-3]) {
      const found = estimateOptimum(samples, beta);
      for (const name of NAMES) expect(found[name], `${name} at ${beta}`).toBeCloseTo(exact(beta)[name], 10);
    }
  });

  it('does not mind a constant on the log-ratios, however large', () => {
    const samples = samplesOf(50, 0, 2);
    const shifted = samples.map(({ rewards, logRatios }) => ({
      rewards,
      logRatios: Float64Array.from(logRatios, (value) => value - 5000),
    }));
    const [a, b] = [estimateOptimum(samples, 0.02), estimateOptimum(shifted, 0.02)];
    for (const name of NAMES) expect(b[name]).toBeCloseTo(a[name], 8);
    expect(b.estimate.effective.minimum).toBeCloseTo(a.estimate.effective.minimum, 6);
  });

  it('by hand: two samples, one of them e times as heavy', () => {
    const found = estimateOptimum([{ rewards: [0, 1], logRatios: [0, 0] }], 1);
    const share = Math.E / (1 + Math.E);
    const logZ = Math.log((1 + Math.E) / 2);
    expect(found.reward).toBeCloseTo(share, 14);
    expect(found.objective).toBeCloseTo(logZ, 14);
    expect(found.kl).toBeCloseTo(share - logZ, 14);
    expect(found.estimate.effective.minimum).toBeCloseTo((1 + Math.E) ** 2 / (1 + Math.E ** 2), 14);
    // Σ(ω − ½)² = 2·(share − ½)²
    expect(found.estimate.errors.objective).toBeCloseTo(Math.SQRT2 * (share - 0.5), 14);
  });

  it('is the reference where β is large: no KL, all samples effective', () => {
    const samples = samplesOf(500, 1);
    const found = estimateOptimum(samples, 1e6);
    expect(found.kl).toBeGreaterThanOrEqual(0);
    expect(found.kl).toBeLessThan(1e-9);
    expect(found.estimate.effective.minimum).toBeCloseTo(500, 2);
  });

  it.each([
    [1, 0],
    [0.5, 0],
    [0.3, 3],
    [0.1, 8],
  ])('comes closer with more samples, as its errors say, at β = %f from a proposal tilted by %f', (beta, tilt) => {
    const truth = exact(beta);
    const spread = (count: number) => {
      const found = Array.from({ length: 60 }, (_, seed) => estimateOptimum(samplesOf(count, 100 + seed, tilt), beta));
      return NAMES.map((name) => {
        const squares = found.reduce((sum, point) => sum + (point[name] - truth[name]) ** 2, 0);
        const said = found.reduce((sum, point) => sum + point.estimate.errors[name], 0) / found.length;
        return { error: Math.sqrt(squares / found.length), said };
      });
    };
    const [few, many] = [spread(300), spread(2700)];
    NAMES.forEach((name, i) => {
      // Nine times the samples: a third of the error, which 60 repetitions know to about a tenth.
      expect(many[i]!.error / few[i]!.error, name).toBeGreaterThan(0.2);
      expect(many[i]!.error / few[i]!.error, name).toBeLessThan(0.5);
      expect(many[i]!.said / many[i]!.error, name).toBeGreaterThan(0.75);
      expect(many[i]!.said / many[i]!.error, name).toBeLessThan(1.35);
    });
  });

  it.each([0.5, 0.2])('covers the truth by 1.96 standard errors about 95 times of 100 at β = %f', (beta) => {
    const truth = exact(beta);
    const covered = { reward: 0, kl: 0, objective: 0 };
    const TIMES = 200;
    for (let seed = 0; seed < TIMES; seed++) {
      const found = estimateOptimum(samplesOf(500, 1000 + seed, 2), beta);
      for (const name of NAMES) {
        if (Math.abs(found[name] - truth[name]) < 1.96 * found.estimate.errors[name]) covered[name] += 1;
      }
    }
    // Binomial: 190 ± 3, and the normal approximation costs a little.
    for (const name of NAMES) {
      expect(covered[name], name).toBeGreaterThanOrEqual(178);
      expect(covered[name], name).toBeLessThanOrEqual(199);
    }
  });

  it('has hardly an effective sample where plain draws miss what is good, and many where the proposal knows it', () => {
    const plain = estimateOptimum(samplesOf(200, 5, 0), 0.05);
    const tilted = estimateOptimum(samplesOf(200, 5, 20), 0.05);
    expect(tilted.estimate.effective.minimum).toBeGreaterThan(60);
    expect(plain.estimate.effective.minimum).toBeLessThan(tilted.estimate.effective.minimum / 2);
  });

  it('weighs prompts by their shares', () => {
    const samples = samplesOf(100, 9);
    const alone = samples.map((one) => estimateOptimum([one], 1).objective);
    expect(estimateOptimum(samples, 1).objective).toBeCloseTo((alone[0]! + alone[1]! + alone[2]!) / 3, 12);
    expect(estimateOptimum(samples, 1, [2, 1, 1]).objective).toBeCloseTo(
      (2 * alone[0]! + alone[1]! + alone[2]!) / 4,
      12,
    );
  });

  it('refuses what says nothing', () => {
    expect(() => estimateOptimum([], 1)).toThrow(RangeError);
    expect(() => estimateOptimum([{ rewards: [], logRatios: [] }], 1)).toThrow(RangeError);
    expect(() => estimateOptimum([{ rewards: [1, 2], logRatios: [0] }], 1)).toThrow(RangeError);
    expect(() => estimateOptimum(samplesOf(2, 0), 0)).toThrow(RangeError);
  });
});

describe('between estimated points', () => {
  const at = (beta: number): EstimatedPoint => {
    const { reward, kl, objective } = exact(beta);
    const errors = { reward: beta, kl: beta, objective: beta };
    return { beta, reward, kl, objective, estimate: { errors, effective: { minimum: 50 * beta, median: 80 * beta } } };
  };
  const points = Array.from({ length: 33 }, (_, i) => at(10 ** (1 - i / 16)));

  it('the optimum is close to the exact one', () => {
    for (const beta of [7, 1.23, 0.55, 0.15, 0.1001]) {
      const found = optimumAt(points, beta)!;
      expect(found.objective, `J* at ${beta}`).toBeCloseTo(exact(beta).objective, 5);
      expect(found.kl, `KL at ${beta}`).toBeCloseTo(exact(beta).kl, 2);
      expect(found.reward - beta * found.kl).toBeCloseTo(found.objective, 12);
    }
  });

  it('errors and effective sizes are the worse neighbour’s', () => {
    const [high, low] = [points[3]!, points[4]!];
    const { errors, effective } = optimumAt(points, (high.beta + low.beta) / 2)!.estimate;
    expect(errors.objective).toBe(high.beta);
    expect(effective).toEqual(low.estimate.effective);
  });

  it('points are themselves, and beyond them nothing is known', () => {
    expect(optimumAt(points, points[7]!.beta)).toBe(points[7]);
    expect(optimumAt(points, 0.1)).not.toBeNull();
    expect(optimumAt(points, 10.1)).toBeNull();
    expect(optimumAt(points, 0.09)).toBeNull();
    expect(optimumAt([], 1)).toBeNull();
  });
});
