import { describe, expect, it } from 'vitest';
import { bootstrap95 } from '../../src/math/bootstrap';

/*
 * Intervals of scipy 1.17.0 (scipy.stats.bootstrap, method='percentile', 200,000 resamples, numpy's default_rng(1)): of
 * the mean of X, and of 1 − mean(Y)/mean(X) with paired=True. Ends of two random sets of resamples differ by a few
 * hundredths of the width.
 */
const X = [2.1, 3.4, -1.2, 0.7, 5.9, 2.2, 4.1, 3.3, -0.4, 1.8, 9.5, 2.7];
const Y = [1.0, 2.9, -2.0, 1.1, 4.0, 2.5, 3.0, 3.1, -1.5, 0.2, 5.5, 2.6];
const MEAN = { low: 1.40833, high: 4.48333 };
const SHARE = { low: 0.174658, high: 0.584507 };

const meanOf = (values: readonly number[]) => (units: Uint32Array) =>
  units.reduce((sum, i) => sum + values[i]!, 0) / units.length;

describe('bootstrap95', () => {
  it.each([
    ['of a mean', meanOf(X), MEAN],
    ['of a ratio of paired means', (units: Uint32Array) => 1 - meanOf(Y)(units) / meanOf(X)(units), SHARE],
  ])('agrees with scipy, %s', (_, statistic, expected) => {
    const width = expected.high - expected.low;
    for (const [resamples, tolerance] of [
      [2000, 0.06],
      [50_000, 0.015],
    ] as const) {
      // prettier-ignore
      const { low, high } = bootstrap95(X.length, statistic, resamples);
      expect(Math.abs(low - expected.low) / width, `low of ${resamples}`).toBeLessThan(tolerance);
      expect(Math.abs(high - expected.high) / width, `high of ${resamples}`).toBeLessThan(tolerance);
    }
  });

  it('is the same every time', () => {
    expect(bootstrap95(12, meanOf(X))).toEqual(bootstrap95(12, meanOf(X)));
  });

  it('takes infinite values as what they are', () => {
    // One unit of two makes it −∞: three resamples of four have it.
    const statistic = (units: Uint32Array) => (units.includes(0) ? -Infinity : 1);
    expect(bootstrap95(2, statistic)).toEqual({ low: -Infinity, high: 1 });
  });

  it('refuses a single unit', () => {
    expect(() => bootstrap95(1, () => 0)).toThrow(RangeError);
  });
});
