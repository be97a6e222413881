import { describe, expect, it } from 'vitest';
import { dpoLoss, logSigmoid, preferenceProbability, sigmoid } from '../../src/math/bradleyTerry';

describe('sigmoid', () => {
  it('keeps its tails', () => {
    expect(sigmoid(0)).toBe(0.5);
    expect(sigmoid(1000)).toBe(1);
    expect(sigmoid(-1000)).toBe(0);
    expect(sigmoid(-700)).toBeCloseTo(Math.exp(-700), 320);
    expect(sigmoid(-700) / Math.exp(-700)).toBeCloseTo(1, 14);
    expect(sigmoid(-Infinity)).toBe(0);
    expect(sigmoid(Infinity)).toBe(1);
    expect(sigmoid(NaN)).toBeNaN();
  });

  it('is symmetric: σ(x) + σ(−x) = 1', () => {
    for (const x of [1e-12, 0.3, 2, 17, 36, 800]) expect(sigmoid(x) + sigmoid(-x)).toBeCloseTo(1, 15);
  });
});

describe('logSigmoid', () => {
  it('is the logarithm of sigmoid where that does not vanish', () => {
    for (const x of [-30, -3, -0.1, 0, 0.1, 3]) expect(logSigmoid(x)).toBeCloseTo(Math.log(sigmoid(x)), 14);
  });

  it('is finite and precise at extremes', () => {
    expect(logSigmoid(-1e6)).toBe(-1e6);
    expect(logSigmoid(-1e308)).toBe(-1e308);
    expect(logSigmoid(50) / -Math.exp(-50)).toBeCloseTo(1, 14);
    expect(logSigmoid(1e6)).toBeCloseTo(0, 15);
    expect(logSigmoid(NaN)).toBeNaN();
  });
});

describe('labels and loss', () => {
  it('prefers by the difference of rewards alone', () => {
    expect(preferenceProbability(3, 3)).toBe(0.5);
    expect(preferenceProbability(1001, 1000)).toBe(sigmoid(1));
    expect(preferenceProbability(2, -1)).toBeCloseTo(1 - preferenceProbability(-1, 2), 15);
  });

  it('charges ln 2 for a coin toss and the margin itself for a firm mistake', () => {
    expect(dpoLoss(0)).toBeCloseTo(Math.LN2, 15);
    expect(dpoLoss(-800)).toBe(800);
    expect(dpoLoss(800)).toBeCloseTo(0, 15);
  });
});
