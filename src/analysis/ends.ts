import { TASKS } from '../experiment/config/tasks';
import type { RaceHistory, RunHistory } from '../experiment/documents/history';
import type { MetricName } from '../experiment/documents/metrics';
import { interval95, mean, type Interval } from '../math/statistics';
import { differenceOf, newestIndex, runsOf } from './aggregate';

/** Where a run ends up, as claims about it are judged; the one place that says so. */

/** Measured by sampling, so that a single evaluation is noisy on reviews. */
const SAMPLED: readonly MetricName[] = ['reward', 'kl', 'objective'];

/**
 * A run's value at the race's end: exact on a bandit; on a task that is evaluated by sampling, reward, KL and J are the
 * mean of the evaluations in the last quarter of the steps. Null for a run that has diverged, or has not come so far.
 */
export function endOf(history: RaceHistory, run: RunHistory, metric: MetricName): number | null {
  if (!TASKS[history.config.task.kind].exact && SAMPLED.includes(metric)) return lateOf(history, run, metric);
  return isWhole(history, run) ? (run.columns[metric][newestIndex(history)] ?? null) : null;
}

/** A run's mean over its evaluations in the last quarter of the steps; null as `endOf`. */
function lateOf(history: RaceHistory, run: RunHistory, metric: MetricName): number | null {
  if (!isWhole(history, run)) return null;
  const from = 0.75 * run.steps[newestIndex(history)]!;
  const values = run.columns[metric].filter((value, i): value is number => value !== null && run.steps[i]! > from);
  return values.length === 0 ? null : mean(values);
}

function isWhole(history: RaceHistory, run: RunHistory): boolean {
  const newest = newestIndex(history);
  return newest >= 0 && run.steps.length > newest && run.status !== 'diverged';
}

/** The mean of an arm's ends over its seeds; null where there is none. */
export const endMean = (history: RaceHistory, arm: number, metric: MetricName): Interval | null =>
  meanOver(history, arm, (run) => endOf(history, run, metric));

/** The mean over an arm's seeds of what `lateOf` says of each. */
export const lateMean = (history: RaceHistory, arm: number, metric: MetricName): Interval | null =>
  meanOver(history, arm, (run) => lateOf(history, run, metric));

/**
 * `lateMean` of `arm` less that of `other`, paired by seed; null without pairs, for J under different β, and for arms
 * whose runs are the same.
 */
export const lateDifference = (history: RaceHistory, arm: number, other: number, metric: MetricName): Interval | null =>
  differenceOf(history, arm, other, metric, (run) => lateOf(history, run, metric));

function meanOver(history: RaceHistory, arm: number, valueOf: (run: RunHistory) => number | null): Interval | null {
  const values = runsOf(history, arm).flatMap((run) => valueOf(run) ?? []);
  return values.length === 0 ? null : interval95(values);
}
