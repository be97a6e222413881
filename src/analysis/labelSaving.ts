import { comparableObjectives } from '../experiment/config';
import type { RaceHistory, RunHistory } from '../experiment/history';
import { bootstrap95, type Percentiles } from '../math/bootstrap';
import { pairedDifference } from '../math/statistics';
import { excludesZero, meanAt, runsOf, stepsOf } from './aggregate';
import { whole, withInterval } from './format';

/** What an arm spends on its way: labels, or model passes per completion. */
export type Spending = 'labels' | 'samplingCost';

/**
 * What an arm is to reach: the baseline's J at its end, or where its mean over seeds was best. The best of many noisy
 * evaluations lies a little too high.
 */
export type Goal = 'final' | 'best';

export interface Comparison {
  /** Index of the arm that the others are compared with. */
  readonly baseline: number;
  readonly goal: Goal;
}

const AGAINST_FIRST: Comparison = { baseline: 0, goal: 'final' };

/**
 * How much of a baseline's spending an arm saves: the share of what the baseline had spent at the goal that the arm
 * does not need until its J, the mean over seeds, has reached it for good. −∞ where it never gets there.
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
export function savings(
  history: RaceHistory,
  spending: Spending,
  { baseline, goal }: Comparison = AGAINST_FIRST,
): Saving[] {
  return history.arms.flatMap((_, arm) => {
    if (arm === baseline || !comparableObjectives(history.config, arm, baseline)) return [];
    const pairs = pairedRuns(history, arm, baseline).filter(({ mine, theirs }) =>
      [mine, theirs].every((run) => typeof run.columns[spending].at(-1) === 'number'),
    );
    if (pairs.length === 0) return [];
    const savedBy = (units: ArrayLike<number>) => saving(pairs, units, spending, goal);
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

function saving(pairs: readonly PairedRuns[], units: ArrayLike<number>, spending: Spending, kind: Goal): number {
  const { j: goal, spent } = goalOf(pairs, units, spending, kind);
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

/** The baseline's J that is to be reached, and what it had spent then. */
function goalOf(
  pairs: readonly PairedRuns[],
  units: ArrayLike<number>,
  spending: Spending,
  kind: Goal,
): { readonly j: number | null; readonly spent: number | null } {
  const at = (index: number) => ({
    j: meanOf(pairs, units, ({ theirs }) => theirs.columns.objective.at(index)),
    spent: meanOf(pairs, units, ({ theirs }) => theirs.columns[spending].at(index)),
  });
  if (kind === 'final') return at(-1);
  let best = at(0);
  const length = Math.max(...pairs.map(({ theirs }) => theirs.steps.length));
  for (let i = 1; i < length; i++) {
    const next = at(i);
    if (next.j !== null && next.j > (best.j ?? -Infinity)) best = next;
  }
  return best;
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

/**
 * That an arm's mean J ends below its best by more than noise: its final J is an easy goal then, and savings against it
 * flatter. The fall is paired by seed; picking the best step makes it a little too large. Null where J did not fall so.
 */
export function fallNote(history: RaceHistory, arm: number): string | null {
  const means = stepsOf(history, arm).map((_, index) => meanAt(history, arm, 'objective', index)?.mean ?? -Infinity);
  const best = means.indexOf(Math.max(...means));
  if (best < 0 || best === means.length - 1) return null;
  const ends = runsOf(history, arm).flatMap(({ columns: { objective } }): [number, number][] => {
    const [high, last] = [objective[best], objective.at(-1)];
    return typeof high === 'number' && typeof last === 'number' ? [[high, last]] : [];
  });
  if (ends.length < 2) return null;
  const fall = pairedDifference(
    ends.map(([high]) => high),
    ends.map(([, last]) => last),
  );
  if (fall.mean <= 0 || !excludesZero(fall)) return null;
  const step = stepsOf(history, arm)[best];
  return `${history.arms[arm]}’s J ends ${withInterval(fall)} below its best (step ${step}), so its final J is an easy goal, and savings against it flatter.`;
}

/** "47% (38 to 55)"; “not reached” where, or in the resamples of whose tail, the goal was not. */
export function savingText(saving: Saving | undefined): string {
  if (!saving) return '–';
  const { saved, interval } = saving;
  if (saved > -Infinity) {
    return interval ? `${percent(saved)} (${end(interval.low)} to ${end(interval.high)})` : percent(saved);
  }
  const inSome = interval && interval.high > -Infinity;
  return inSome ? `not reached (at most ${percent(interval.high)})` : 'not reached';
}

const percent = (share: number): string => `${whole(100 * share)}%`;

/** An end of −∞ is a resample that never got there. */
const end = (share: number): string => (share === -Infinity ? 'not reached' : whole(100 * share));
