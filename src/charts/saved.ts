import { interval95, type Interval } from '../math/statistics';
import { runsOf } from './aggregate';
import { comparableObjectives } from '../experiment/config';
import type { RaceHistory, RunHistory } from '../experiment/history';

/**
 * How many labels an arm saves: the share of the first arm's labels that it did not need to reach the first arm's
 * final J for good, seed by seed. Arms under another β are left out: their J charges KL otherwise. Known only once the first arm has its final evaluation.
 */
export interface LabelsSaved {
  readonly arm: number;
  /** Share of labels saved, over the seeds that reached it; null where none did. */
  readonly saved: Interval | null;
  readonly reached: number;
  readonly seeds: number;
}

export function labelsSaved(history: RaceHistory): LabelsSaved[] {
  const baseline = new Map(runsOf(history, 0).map((run) => [run.seed, run] as const));
  return history.arms.slice(1).flatMap((_, i) => {
    if (!comparableObjectives(history.config, i + 1, 0)) return [];
    const runs = runsOf(history, i + 1);
    const shares = runs.flatMap((run) => {
      const share = savedBy(run, baseline.get(run.seed));
      return share === null ? [] : [share];
    });
    return {
      arm: i + 1,
      saved: shares.length > 0 ? interval95(shares) : null,
      reached: shares.length,
      seeds: runs.length,
    };
  });
}

/** 1 − labels(run)/labels(baseline), interpolated between evaluations; null where the run never gets there. */
function savedBy(run: RunHistory, baseline: RunHistory | undefined): number | null {
  const goal = baseline?.columns.objective.at(-1);
  const spent = baseline?.columns.labels.at(-1);
  if (typeof goal !== 'number' || !spent) return null;
  const { objective, labels } = run.columns;
  let first = objective.length;
  while (first > 0 && (objective[first - 1] ?? -Infinity) >= goal) first--;
  if (first === objective.length) return null;
  const after = { j: objective[first] ?? goal, labels: labels[first] ?? 0 };
  const before = first > 0 ? { j: objective[first - 1] ?? goal, labels: labels[first - 1] ?? 0 } : after;
  const share = after.j > before.j ? (goal - before.j) / (after.j - before.j) : 1;
  return 1 - (before.labels + share * (after.labels - before.labels)) / spent;
}
