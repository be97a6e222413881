import { STREAM, uniformInteger } from './random';

/** The percentile bootstrap (Efron and Tibshirani 1993, chapter 13). */

export interface Percentiles {
  /** Between which the middle 95% of the resamples lie. */
  readonly low: number;
  readonly high: number;
}

/** Resamples that an interval is made of: its ends then move by a few hundredths of its width from seed to seed. */
export const RESAMPLES = 2000;

/**
 * The 95% percentile interval of a statistic of `count` units, resampled with replacement. The statistic may be
 * infinite: the ends are order statistics, without interpolation. Deterministic.
 *
 * @param statistic of units, given by their indices; the array is reused
 * @throws RangeError below two units, which cannot tell
 */
export function bootstrap95(
  count: number,
  statistic: (units: Uint32Array) => number,
  resamples = RESAMPLES,
): Percentiles {
  if (count < 2) throw new RangeError('a bootstrap needs at least two units');
  const units = new Uint32Array(count);
  const found = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    for (let i = 0; i < count; i++) {
      units[i] = uniformInteger({ seed: 0, stream: STREAM.resample, step: resample, row: i, token: 0 }, count);
    }
    found[resample] = statistic(units);
  }
  found.sort();
  // Hyndman and Fan's definition 1, the inverse of the empirical distribution.
  const at = (share: number) => found[Math.min(resamples - 1, Math.max(0, Math.ceil(share * resamples) - 1))]!;
  return { low: at(0.025), high: at(0.975) };
}
