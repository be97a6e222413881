import { comparableObjectives } from '../experiment/config';
import type { MetricName } from '../experiment/metrics';
import { interval95, pairedDifference, type Interval } from '../math/statistics';
import type { RaceHistory, RunHistory } from '../experiment/history';

/** Means over seeds, arm by arm. A diverged seed counts up to its last evaluation. */
export interface MeanPoint extends Interval {
  readonly step: number;
  /** How many seeds the mean is over. */
  readonly seeds: number;
}

export const runsOf = (history: RaceHistory, arm: number): readonly RunHistory[] =>
  history.runs.filter((run) => run.arm === arm);

/** The evaluation steps that any seed of the arm has reached. */
export function stepsOf(history: RaceHistory, arm: number): readonly number[] {
  return runsOf(history, arm).reduce<readonly number[]>(
    (longest, run) => (run.steps.length > longest.length ? run.steps : longest),
    [],
  );
}

/** The arm's mean at its `index`-th evaluation, or null where no seed has a value. */
export function meanAt(history: RaceHistory, arm: number, metric: MetricName, index: number): MeanPoint | null {
  const runs = runsOf(history, arm);
  const values = runs.map((run) => run.columns[metric][index]).filter(isNumber);
  const step = runs.find((run) => run.steps.length > index)?.steps[index];
  if (values.length === 0 || step === undefined) return null;
  return { ...cachedInterval(history, `${arm} ${metric} ${index}`, values), step, seeds: values.length };
}

/** The mean at the last evaluation that a seed of the arm has reached. */
export function lastMean(history: RaceHistory, arm: number, metric: MetricName): MeanPoint | null {
  const count = stepsOf(history, arm).length;
  return count === 0 ? null : meanAt(history, arm, metric, count - 1);
}

/**
 * Metric of `arm` minus metric of `other` at the last evaluation of both, paired by seed; null without pairs, and for J
 * under different β.
 */
export function lastDifference(
  history: RaceHistory,
  arm: number,
  other: number,
  metric: MetricName,
): (Interval & { readonly seeds: number }) | null {
  if (metric === 'objective' && !comparableObjectives(history.config, arm, other)) return null;
  const index = Math.min(stepsOf(history, arm).length, stepsOf(history, other).length) - 1;
  const values = (a: number) =>
    new Map(runsOf(history, a).map((run) => [run.seed, run.columns[metric][index]] as const));
  const theirs = values(other);
  const pairs = [...values(arm)]
    .map(([seed, value]) => [value, theirs.get(seed)] as const)
    .filter((pair): pair is readonly [number, number] => isNumber(pair[0]) && isNumber(pair[1]));
  if (pairs.length === 0) return null;
  const difference = pairedDifference(
    pairs.map(([mine]) => mine),
    pairs.map(([, their]) => their),
  );
  return { ...difference, seeds: pairs.length };
}

/** At most `most` of the indices 0 … length − 1, evenly spread, with the first and the last. */
export function pickIndices(length: number, most: number): number[] {
  if (length <= most) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.round((i * (length - 1)) / (most - 1)));
}

/** Whether an interval leaves zero out; one seed cannot say. */
export const excludesZero = ({ mean, half }: Interval): boolean => half !== null && Math.abs(mean) > half;

const isNumber = (value: number | null | undefined): value is number => typeof value === 'number';

/** Evaluations never change once written, so an interval holds until another seed reports the same step. */
const intervals = new WeakMap<RaceHistory, Map<string, Interval & { readonly count: number }>>();

function cachedInterval(history: RaceHistory, key: string, values: readonly number[]): Interval {
  const cache = intervals.get(history) ?? new Map<string, Interval & { readonly count: number }>();
  intervals.set(history, cache);
  const known = cache.get(key);
  if (known?.count === values.length) return known;
  const fresh = { ...interval95(values), count: values.length };
  cache.set(key, fresh);
  return fresh;
}
