import { describe, expect, it } from 'vitest';
import { chiSquareTail, interval95, mean, pairedDifference, standardDeviation } from '../../src/math/statistics';

describe('mean and standard deviation', () => {
  it('give hand values', () => {
    expect(mean([1, 2, 3, 6])).toBe(3);
    expect(standardDeviation([1, 2, 3, 6])).toBeCloseTo(Math.sqrt(14 / 3), 15);
    expect(standardDeviation([1e9, 1e9 + 1, 1e9 + 2])).toBe(1);
  });

  it('refuse what has no answer', () => {
    expect(() => mean([])).toThrow(RangeError);
    expect(() => standardDeviation([1])).toThrow(RangeError);
  });
});

describe('interval95', () => {
  /** scipy 1.17.1: scipy.stats.t.ppf(0.975, df). */
  const QUANTILES: [number, number][] = [
    [1, 12.706204736174694],
    [2, 4.302652729749462],
    [3, 3.1824463052837078],
    [4, 2.7764451051977934],
    [5, 2.5705818356363146],
    [7, 2.364624251592784],
    [10, 2.228138851986274],
    [19, 2.0930240544083087],
    [30, 2.0422724563012378],
    [63, 1.998340542520741],
    [100, 1.9839715185235518],
    [511, 1.9646172223304033],
  ];

  it.each(QUANTILES)('uses the quantile of Student’s t with %i degrees of freedom', (df, quantile) => {
    const n = df + 1;
    const values = Array.from({ length: n }, (_, i) => i);
    const { mean: centre, half } = interval95(values);
    expect(centre).toBeCloseTo(df / 2, 12);
    expect(((half ?? NaN) * Math.sqrt(n)) / standardDeviation(values) / quantile).toBeCloseTo(1, 12);
  });

  it('has no width for one value and none for equal ones', () => {
    expect(interval95([4])).toEqual({ mean: 4, half: null });
    expect(interval95([4, 4, 4])).toEqual({ mean: 4, half: 0 });
    expect(() => interval95([])).toThrow(RangeError);
  });
});

describe('pairedDifference', () => {
  it('removes what the pairs share', () => {
    const shared = [10, -3, 250, 7];
    const { mean: centre, half } = pairedDifference(
      shared.map((v, i) => v + 2 + (i % 2)),
      shared,
    );
    expect(centre).toBeCloseTo(2.5, 12);
    // Differences 2, 3, 2, 3: standard deviation 1/√3, half-width t·s/√4 with 3 degrees of freedom.
    expect(half).toBeCloseTo(3.1824463052837078 / Math.sqrt(12), 10);
  });

  it('refuses lists of unequal length', () => {
    expect(() => pairedDifference([1, 2], [1])).toThrow(RangeError);
  });
});

describe('chiSquareTail', () => {
  /** scipy 1.17.1: scipy.stats.chi2.sf(x, df). */
  const TAILS: [number, number, number][] = [
    [1e-8, 1, 0.9999202115440526],
    [0.5, 1, 0.47950012218695337],
    [3.841458820694124, 1, 0.04999999999999989],
    [0.001, 2, 0.9995001249791693],
    [5, 2, 0.0820849986238988],
    [4.2, 3, 0.24066188520961462],
    [10, 9, 0.3504852123233613],
    [25, 9, 0.002971180485917624],
    [60, 9, 1.3406780483959625e-9],
    [9.5, 10, 0.4853975577785966],
    [700, 10, 6.280146699235733e-144],
    [80, 99, 0.9191878735980901],
    [99, 99, 0.4810969124082639],
    [150, 99, 0.0007204453957169282],
    [255, 255, 0.48822252177040637],
    [400, 255, 1.6600025244123397e-8],
    [1100, 1000, 0.014614408126295192],
  ];

  it.each(TAILS)('at %f with %i degrees of freedom equals scipy', (x, df, tail) => {
    expect(chiSquareTail(x, df) / tail).toBeCloseTo(1, 11);
  });

  it('knows the ends', () => {
    expect(chiSquareTail(0, 3)).toBe(1);
    expect(chiSquareTail(Infinity, 3)).toBe(0);
    expect(chiSquareTail(2000, 1)).toBe(0);
    expect(chiSquareTail(NaN, 3)).toBeNaN();
    expect(() => chiSquareTail(1, 0)).toThrow(RangeError);
    expect(() => chiSquareTail(1, 2.5)).toThrow(RangeError);
  });
});
