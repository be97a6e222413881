import { describe, expect, it } from 'vitest';
import { normal, STREAM } from '../../src/math/random';
import { evaluatePrompt, evaluateTable } from '../../src/theory/evaluate';
import { frontier, optimum } from '../../src/theory/optimum';

const normals = (row: number, count: number, scale: number): number[] =>
  Array.from(
    { length: count },
    (_, item) => scale * normal({ seed: 5, stream: STREAM.rewardTable, step: 0, row, token: 0 }, item),
  );

const REFERENCE = normals(0, 8, 1);
const REWARDS = normals(1, 8, 3);

describe('optimum', () => {
  it.each([0.1, 1, 10])('has J* = reward − β·KL at β = %f', (beta) => {
    const best = optimum(REFERENCE, REWARDS, beta);
    expect(best.reward - beta * best.kl).toBeCloseTo(best.objective, 13);
    const logits = REFERENCE.map((h, k) => h + REWARDS[k]! / beta);
    const point = evaluatePrompt(logits, REFERENCE, REWARDS, beta);
    expect(point.reward).toBeCloseTo(best.reward, 13);
    expect(point.kl).toBeCloseTo(best.kl, 13);
    expect(best.policy.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 14);
  });

  it('is β·log E_ref[exp(r/β)] by hand', () => {
    const best = optimum([0, 0], [Math.log(3), 0], 1);
    expect(best.objective).toBeCloseTo(Math.LN2, 15);
    expect([...best.policy]).toEqual([expect.closeTo(0.75, 15), expect.closeTo(0.25, 15)]);
  });

  it('is beaten by no policy', () => {
    const { objective, policy } = optimum(REFERENCE, REWARDS, 0.5);
    for (let trial = 0; trial < 500; trial++) {
      const step = normals(10 + trial, 8, 10 ** -(trial % 4));
      const near = [...policy].map((p, k) => Math.log(p) + step[k]!);
      expect(evaluatePrompt(near, REFERENCE, REWARDS, 0.5).objective).toBeLessThanOrEqual(objective + 1e-13);
      expect(evaluatePrompt(step, REFERENCE, REWARDS, 0.5).objective).toBeLessThanOrEqual(objective + 1e-13);
    }
  });

  it('survives rewards far beyond β', () => {
    const best = optimum([0, 0], [1000, -1000], 0.001);
    expect(best.reward).toBe(1000);
    expect(best.kl).toBeCloseTo(Math.LN2, 9);
  });

  it('refuses a β that is not above 0 and unequal lengths', () => {
    expect(() => optimum([0, 0], [1, 2], 0)).toThrow(RangeError);
    expect(() => optimum([0, 0], [1, 2], NaN)).toThrow(RangeError);
    expect(() => optimum([0, 0], [1], 1)).toThrow(RangeError);
  });
});

describe('frontier', () => {
  const references = [0, 1, 2].map((x) => normals(20 + x, 8, 1));
  const rewards = [0, 1, 2].map((x) => normals(30 + x, 8, 3));
  const betas = [100, 10, 3, 1, 0.3, 0.1];
  const points = frontier(references, rewards, betas);

  it('rises with falling β, ever less steeply', () => {
    const slopes = points.slice(1).map((p, i) => (p.reward - points[i]!.reward) / (p.kl - points[i]!.kl));
    slopes.forEach((slope, i) => {
      // The slope of the curve at π_β is β, so between two points it lies between their βs.
      expect(slope).toBeLessThan(betas[i]!);
      expect(slope).toBeGreaterThan(betas[i + 1]!);
    });
  });

  it('is the mean of the prompts’ optima and agrees with the table’s evaluation', () => {
    const beta = 3;
    const tilted = references.flatMap((row, x) => row.map((h, k) => h + rewards[x]![k]! / beta));
    const point = evaluateTable(tilted, references.flat(), rewards.flat(), 3, 8, beta);
    expect(point.reward).toBeCloseTo(points[2]!.reward, 13);
    expect(point.kl).toBeCloseTo(points[2]!.kl, 13);
    expect(point.objective).toBeCloseTo(points[2]!.objective, 13);
  });

  it('refuses tables of unequal shape and of no prompt', () => {
    expect(() => frontier([[0, 0]], [], [1])).toThrow(RangeError);
    expect(() => frontier([], [], [1])).toThrow(RangeError);
  });
});

describe('evaluateTable', () => {
  it('gives hand values', () => {
    const logits = new Float32Array([0, 0, Math.log(3), 0]);
    const point = evaluateTable(logits, [0, 0, 0, 0], [1, 3, 4, 0], 2, 2, 0.5);
    const kl = 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5);
    // float32 logits: seven digits.
    expect(point.reward).toBeCloseTo((2 + 3) / 2, 7);
    expect(point.kl).toBeCloseTo(kl / 2, 7);
    expect(point.objective).toBeCloseTo(2.5 - (0.5 * kl) / 2, 7);
    expect(point.entropy).toBeCloseTo((Math.LN2 + (Math.LN2 - kl)) / 2, 7);
  });

  it('has no KL at the reference and refuses a table of the wrong length', () => {
    expect(evaluateTable(REFERENCE, REFERENCE, REWARDS, 2, 4, 1).kl).toBe(0);
    expect(() => evaluateTable(REFERENCE, REFERENCE, REWARDS, 3, 4, 1)).toThrow(RangeError);
  });
});
