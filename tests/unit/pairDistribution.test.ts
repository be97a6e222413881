import { describe, expect, it } from 'vitest';
import { softmax } from '../../src/math/logits';
import {
  interpolatedProbabilities,
  pairDistribution,
  tPilafMixture,
  tPilafPairDistribution,
} from '../../src/theory/pairDistribution';

const LOGITS = [0.3, -1.2, 2, 0.1];
const REFERENCE = [-0.5, 0.4, 1, 0];

const total = (mu: Float64Array): number => mu.reduce((sum, value) => sum + value, 0);

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 4e-15): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!), `entry ${i}`).toBeLessThanOrEqual(tolerance);
  }
}

describe('interpolatedProbabilities', () => {
  it('is π_θ at 0, π_ref at −1 and equal for uniform', () => {
    expectClose(interpolatedProbabilities(0, LOGITS, REFERENCE), softmax(LOGITS));
    expectClose(interpolatedProbabilities(-1, LOGITS, REFERENCE), softmax(REFERENCE));
    expectClose(interpolatedProbabilities('uniform', LOGITS, REFERENCE, 3), [0.25, 0.25, 0.25, 0.25]);
  });

  it('is π_θ^(1+β)·π_ref^(−β) at β, whatever constants the logits carry', () => {
    const beta = 0.7;
    const unnormalised = LOGITS.map((h, k) => Math.exp((1 + beta) * h - beta * REFERENCE[k]!));
    const sum = unnormalised.reduce((a, b) => a + b);
    const shifted = interpolatedProbabilities(
      beta,
      LOGITS.map((h) => h + 9),
      REFERENCE.map((h) => h - 4),
    );
    expectClose(
      shifted,
      unnormalised.map((value) => value / sum),
    );
  });

  it('divides the interpolated logits by the temperature', () => {
    expectClose(interpolatedProbabilities(0, LOGITS, REFERENCE, 2), softmax(LOGITS.map((h) => h / 2)));
  });
});

describe('pairDistribution', () => {
  it.each([
    ['vanilla', [{ weight: 1, first: 0, second: 0 }]],
    ['hybrid', [{ weight: 1, first: 0, second: -1 }]],
    ['uniform', [{ weight: 1, first: 'uniform', second: 'uniform' }]],
    [
      'pilaf',
      [
        { weight: 0.5, first: 0, second: 0 },
        { weight: 0.5, first: 0.1, second: -0.1 },
      ],
    ],
    ['dpo-mix-p', [{ weight: 1, first: 0.5, second: -0.5 }]],
  ] as const)('of %s sums to 1 at any temperature', (_, mixture) => {
    for (const temperature of [0.05, 1, 7]) {
      expect(total(pairDistribution(LOGITS, REFERENCE, mixture, temperature))).toBeCloseTo(1, 14);
    }
  });

  it('keeps the order of first and second', () => {
    const mu = pairDistribution(LOGITS, REFERENCE, [{ weight: 1, first: 0, second: -1 }]);
    const p = softmax(LOGITS);
    const q = softmax(REFERENCE);
    expectClose(
      mu,
      Array.from({ length: 16 }, (_, i) => p[Math.floor(i / 4)]! * q[i % 4]!),
    );
  });
});

describe('T-PILAF', () => {
  it('sums to 1, also where Z⁺Z⁻ overflows', () => {
    expect(total(tPilafPairDistribution(LOGITS, REFERENCE, 0.5))).toBeCloseTo(1, 14);
    expect(total(tPilafPairDistribution([900, 0, -900], [-900, 0, 900], 1))).toBeCloseTo(1, 14);
  });

  it('draws both from the policy with probability 1/(1 + Z⁺Z⁻)', () => {
    const beta = 0.5;
    const p = softmax(LOGITS);
    const q = softmax(REFERENCE);
    const partition = (sign: number) => p.reduce((sum, value, k) => sum + value * (value / q[k]!) ** (sign * beta), 0);
    const [both, apart] = tPilafMixture(LOGITS, REFERENCE, beta);
    expect(both?.weight).toBeCloseTo(1 / (1 + partition(1) * partition(-1)), 14);
    expect((both?.weight ?? 0) + (apart?.weight ?? 0)).toBeCloseTo(1, 15);
  });

  it('is half and half at the reference', () => {
    expect(tPilafMixture(REFERENCE, REFERENCE, 1).map((c) => c.weight)).toEqual([
      expect.closeTo(0.5, 15),
      expect.closeTo(0.5, 15),
    ]);
  });
});
