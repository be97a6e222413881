import { comparableObjectives } from '../experiment/config';
import type { RaceHistory, RunHistory } from '../experiment/history';
import { bootstrap95, type Percentiles } from '../math/bootstrap';
import { runsOf } from './aggregate';

/** What an arm spends on its way: labels, or model passes per completion. */
export type Spending = 'labels' | 'samplingCost';

/**
 * How much of a baseline's spending an arm saves: the share that it does not need until its J, the mean over seeds,
 * has reached the baseline's final J for good. −∞ where it never gets there: it would need more than all.
 */
export interface Saving {
  readonly arm: number;
  /** At most 1. */
  readonly saved: number;
  /** Paired bootstrap over seeds; null for a single seed. */
  readonly interval: Percentiles | null;
  readonly seeds: number;
}

/**
 * Every arm's saving against a baseline. Arms under another β are left out, because their J charges KL otherwise, and
 * so are those that have no price. Empty until the baseline has its final evaluation.
 */
export function savings(history: RaceHistory, spending: Spending, baseline = 0): Saving[] {
  return history.arms.flatMap((_, arm) => {
    if (arm === baseline || !comparableObjectives(history.config, arm, baseline)) return [];
    const pairs = pairedRuns(history, arm, baseline).filter(({ mine, theirs }) =>
      [mine, theirs].every((run) => typeof run.columns[spending].at(-1) === 'number'),
    );
    if (pairs.length === 0) return [];
    const savedBy = (units: ArrayLike<number>) => saving(pairs, units, spending);
    const everyone = savedBy(Array.from(pairs.keys()));
    return [
      {
        arm,
        saved: everyone,
        interval: pairs.length < 2 ? null : bootstrap95(pairs.length, savedBy),
        seeds: pairs.length,
      },
    ];
  });
}

interface PairedRuns {
  readonly mine: RunHistory;
  readonly theirs: RunHistory;
}

/** Runs of two arms that share a seed. */
function pairedRuns(history: RaceHistory, arm: number, baseline: number): PairedRuns[] {
  const others = new Map(runsOf(history, baseline).map((run) => [run.seed, run] as const));
  return runsOf(history, arm).flatMap((mine) => {
    const theirs = others.get(mine.seed);
    return theirs && theirs.steps.length > 0 && mine.steps.length > 0 ? [{ mine, theirs }] : [];
  });
}

function saving(pairs: readonly PairedRuns[], units: ArrayLike<number>, spending: Spending): number {
  const goal = meanOf(pairs, units, ({ theirs }) => theirs.columns.objective.at(-1));
  const spent = meanOf(pairs, units, ({ theirs }) => theirs.columns[spending].at(-1));
  if (goal === null || spent === null || spent === 0) return -Infinity;
  const length = Math.max(...pairs.map(({ mine }) => mine.steps.length));
  let after: { readonly j: number; readonly spent: number } | null = null;
  // From the end: for good means that it is never below again.
  for (let i = length - 1; i >= 0; i--) {
    const j = meanOf(pairs, units, ({ mine }) => mine.columns.objective[i]);
    const cost = meanOf(pairs, units, ({ mine }) => mine.columns[spending][i]);
    if (j === null || cost === null) continue;
    if (j < goal) {
      if (!after) return -Infinity;
      const share = (goal - j) / (after.j - j);
      return 1 - (cost + share * (after.spent - cost)) / spent;
    }
    after = { j, spent: cost };
  }
  return after ? 1 - after.spent / spent : -Infinity;
}

/** Mean over the resampled pairs that have a value; null where none has. */
function meanOf(
  pairs: readonly PairedRuns[],
  units: ArrayLike<number>,
  value: (pair: PairedRuns) => number | null | undefined,
): number | null {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < units.length; i++) {
    const found = value(pairs[units[i]!]!);
    if (typeof found !== 'number') continue;
    sum += found;
    count += 1;
  }
  return count === 0 ? null : sum / count;
}

/** "47% (38 to 55)"; “not reached” where, or in the resamples of whose tail, the baseline's final J was not. */
export function savingText(saving: Saving | undefined): string {
  if (!saving) return '–';
  const { saved, interval } = saving;
  if (saved === -Infinity) return 'not reached';
  return interval ? `${percent(saved)} (${end(interval.low)} to ${end(interval.high)})` : percent(saved);
}

const percent = (share: number): string => `${Math.round(100 * share)}%`;

/** An end of −∞ is a resample that never got there. */
const end = (share: number): string => (share === -Infinity ? 'not reached' : String(Math.round(100 * share)));
