import { comparableObjectives } from '../experiment/config/config';
import type { MetricName } from '../experiment/documents/metrics';
import { interval95, pairedDifference, type Interval } from '../math/statistics';
import type { RaceHistory, RunHistory } from '../experiment/documents/history';

/** A mean over an arm's seeds at one evaluation. A seed that has diverged counts up to its last one. */
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

/**
 * The place of the newest evaluation among those of a run that has all of them; −1 before the first. All runs that have
 * not diverged, and were not given up, have as many.
 */
export const newestIndex = ({ runs }: RaceHistory): number => Math.max(0, ...runs.map((run) => run.steps.length)) - 1;

/** The step of the newest evaluation; 0 before the first. */
export const newestStep = ({ runs }: RaceHistory): number => Math.max(0, ...runs.map(({ steps }) => steps.at(-1) ?? 0));

/** The arm's mean at its `index`-th evaluation, or null where no seed has a value, or their sum is too large for a number. */
export function meanAt(history: RaceHistory, arm: number, metric: MetricName, index: number): MeanPoint | null {
  const runs = runsOf(history, arm);
  const values = runs.map((run) => run.columns[metric][index]).filter(isNumber);
  const step = runs.find((run) => run.steps.length > index)?.steps[index];
  if (values.length === 0 || step === undefined) return null;
  const interval = cachedInterval(history, `${arm} ${metric} ${index}`, values);
  // Near the largest number that there is, a sum leaves the numbers.
  return Number.isFinite(interval.mean) ? { ...interval, step, seeds: values.length } : null;
}

/** The mean at the race's newest evaluation; null where no run of the arm has come so far. */
export const lastMean = (history: RaceHistory, arm: number, metric: MetricName): MeanPoint | null =>
  meanAt(history, arm, metric, newestIndex(history));

/**
 * Metric of `arm` minus metric of `other` at the race's newest evaluation, paired by seed; null without pairs, and for J
 * under different β, and for arms whose runs are the same.
 */
export function lastDifference(
  history: RaceHistory,
  arm: number,
  other: number,
  metric: MetricName,
): (Interval & { readonly seeds: number }) | null {
  const index = newestIndex(history);
  return differenceOf(history, arm, other, metric, ({ columns }) => columns[metric][index]);
}

/** The same of whatever `value` says of a run's metric. */
export function differenceOf(
  history: RaceHistory,
  arm: number,
  other: number,
  metric: MetricName,
  value: (run: RunHistory) => number | null | undefined,
): (Interval & { readonly seeds: number }) | null {
  if (metric === 'objective' && !comparableObjectives(history.config, arm, other)) return null;
  if (areSame(history, arm, other)) return null;
  const pairs = pairedValues(history, arm, other, value);
  if (pairs.length === 0) return null;
  const difference = pairedDifference(
    pairs.map(([mine]) => mine),
    pairs.map(([, their]) => their),
  );
  return { ...difference, seeds: pairs.length };
}

/**
 * Whether two arms' runs are one and the same: every seed's J is equal at every evaluation, as of samplers that draw
 * alike, or before the first step. There is nothing to compare then.
 */
export function areSame(history: RaceHistory, arm: number, other: number): boolean {
  return pairedRuns(history, arm, other).every(({ mine, theirs }) => {
    const [own, their] = [mine.columns.objective, theirs.columns.objective];
    return own.length === their.length && own.every((value, i) => value === their[i]);
  });
}

export interface PairedRuns {
  readonly mine: RunHistory;
  readonly theirs: RunHistory;
}

/** Runs of two arms that share a seed. */
export function pairedRuns(history: RaceHistory, arm: number, other: number): PairedRuns[] {
  const others = new Map(runsOf(history, other).map((run) => [run.seed, run] as const));
  return runsOf(history, arm).flatMap((mine) => {
    const theirs = others.get(mine.seed);
    return theirs ? [{ mine, theirs }] : [];
  });
}

/** A value of two runs that share a seed, for the seeds of which both have it. */
export function pairedValues(
  history: RaceHistory,
  arm: number,
  other: number,
  value: (run: RunHistory) => number | null | undefined,
): [mine: number, theirs: number][] {
  return pairedRuns(history, arm, other)
    .map(({ mine, theirs }) => [value(mine), value(theirs)] as const)
    .filter((pair): pair is [number, number] => isNumber(pair[0]) && isNumber(pair[1]));
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
