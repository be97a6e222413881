import type { MetricName } from '../experiment/documents/metrics';
import type { Interval } from '../math/statistics';
import { excludesZero, lastDifference, lastMean, runsOf, type MeanPoint } from './aggregate';
import type { RaceHistory } from '../experiment/documents/history';

/** The results table: where every arm stands at the race's newest evaluation. */
export interface Standing {
  readonly arm: string;
  readonly reward: MeanPoint | null;
  readonly kl: MeanPoint | null;
  readonly objective: MeanPoint | null;
  readonly gap: MeanPoint | null;
  /** J minus the baseline's J, paired by seed; null for the baseline. */
  readonly against: Interval | null;
  readonly labels: number | null;
  /** Runs, those that the means rest on, and those that have diverged. */
  readonly seeds: number;
  readonly counted: number;
  readonly diverged: number;
  /** J is the highest and its paired interval against every other arm lies above 0. */
  readonly best: boolean;
}

/** @param baseline index of the arm that the others are compared with */
export function standings(history: RaceHistory, baseline = 0): Standing[] {
  const best = clearWinner(history);
  return history.arms.map((arm, i) => {
    const runs = runsOf(history, i);
    const mean = (metric: MetricName) => lastMean(history, i, metric);
    const objective = mean('objective');
    return {
      arm,
      reward: mean('reward'),
      kl: mean('kl'),
      objective,
      gap: mean('gap'),
      against: i === baseline ? null : lastDifference(history, i, baseline, 'objective'),
      labels: mean('labels')?.mean ?? null,
      seeds: runs.length,
      counted: objective?.seeds ?? 0,
      diverged: runs.filter((run) => run.status === 'diverged').length,
      best: best === i,
    };
  });
}

/** "8 seeds", of what the means of all arms rest on. */
export function seedsText(history: RaceHistory): string {
  const counts = new Set(history.arms.map((_, arm) => lastMean(history, arm, 'objective')?.seeds ?? 0));
  if (counts.size > 1) return 'the seeds that each arm has left';
  const [count] = counts;
  const seeds = count || history.config.seeds;
  return seeds === 1 ? 'one seed' : `${seeds} seeds`;
}

/** The arm that beats every other in a paired comparison of J, or −1. */
function clearWinner(history: RaceHistory): number {
  return history.arms.findIndex((_, arm) => {
    const rivals = history.arms.map((__, other) => other).filter((other) => other !== arm);
    return (
      rivals.length > 0 &&
      rivals.every((other) => {
        const difference = lastDifference(history, arm, other, 'objective');
        return difference !== null && difference.mean > 0 && excludesZero(difference);
      })
    );
  });
}
