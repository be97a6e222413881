import { describe, expect, it } from 'vitest';
import { binomialInterval } from '../../src/math/binomial';

describe('the exact interval of a share', () => {
  it.each([
    // R: binom.test(k, n)$conf.int
    [0, 10, 0, 0.3084971],
    [3, 10, 0.0667395, 0.6524529],
    [5, 10, 0.187086, 0.812914],
    [10, 10, 0.6915029, 1],
    [13, 20, 0.4078115, 0.8460908],
    [1, 1, 0.025, 1],
  ])('%d of %d', (successes, tries, low, high) => {
    const found = binomialInterval(successes, tries);
    expect(found.low).toBeCloseTo(low, 6);
    expect(found.high).toBeCloseTo(high, 6);
  });

  it('is everything without a try, and refuses nonsense', () => {
    expect(binomialInterval(0, 0)).toEqual({ low: 0, high: 1 });
    expect(() => binomialInterval(3, 2)).toThrow(RangeError);
    expect(() => binomialInterval(0.5, 2)).toThrow(RangeError);
  });
});
