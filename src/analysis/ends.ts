import { TASKS } from '../experiment/config/tasks';
import type { RaceHistory, RunHistory } from '../experiment/documents/history';
import type { MetricName } from '../experiment/documents/metrics';
import { interval95, mean, type Interval } from '../math/statistics';
import { newestIndex, runsOf } from './aggregate';

/** Where a run ends up, as claims about it are judged; the one place that says so. */

/** Measured by sampling, so that a single evaluation is noisy on reviews. */
const SAMPLED: readonly MetricName[] = ['reward', 'kl', 'objective'];

/**
 * A run's value at the race's end: exact on a bandit; on a task that is evaluated by sampling, reward, KL and J are the
 * mean of the evaluations in the last quarter of the steps. Null for a run that has diverged, or has not come so far.
 */
export function endOf(history: RaceHistory, run: RunHistory, metric: MetricName): number | null {
  const newest = newestIndex(history);
  if (newest < 0 || run.steps.length <= newest || run.status === 'diverged') return null;
  if (TASKS[history.config.task.kind].exact || !SAMPLED.includes(metric)) return run.columns[metric][newest] ?? null;
  const from = 0.75 * run.steps[newest]!;
  const values = run.columns[metric].filter((value, i): value is number => value !== null && run.steps[i]! > from);
  return values.length === 0 ? null : mean(values);
}

/** The mean of an arm's ends over its seeds; null where there is none. */
export function endMean(history: RaceHistory, arm: number, metric: MetricName): Interval | null {
  const ends = runsOf(history, arm).flatMap((run) => endOf(history, run, metric) ?? []);
  return ends.length === 0 ? null : interval95(ends);
}
