import { comparableObjectives } from '../experiment/config/config';
import type { RaceHistory, RunHistory } from '../experiment/documents/history';
import { differences, mean, pairedDifference, studentInterval, type Interval } from '../math/statistics';
import { areSame, excludesZero, meanAt, newestIndex, runsOf, stepsOf, pairedRuns, type PairedRuns } from './aggregate';
import { whole, withInterval } from './format';

/** What an arm spends on its way, and how a saving of it is headed. */
export const SPENDINGS = {
  labels: { name: 'labels', saved: 'labels saved' },
  samplingCost: { name: 'sampling cost', saved: 'sampling saved' },
  annotationCost: { name: 'responses shown', saved: 'responses saved' },
} as const;
export type Spending = keyof typeof SPENDINGS;

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

/** Below this number of seeds there is no interval of a saving: Student's t of four heavy-tailed curves says nothing. */
export const FEWEST_SEEDS = 5;

/** Between which a saving lies; −∞ at the low end where the arm may never stay above the goal. */
export interface SavingInterval {
  readonly low: number;
  readonly high: number;
}

/**
 * How much of a baseline's spending an arm saves: the share of what the baseline had spent at the goal that the arm
 * does not need until its J, the mean over seeds, has reached it for good. −∞ where it never gets there.
 */
export interface Saving {
  readonly arm: number;
  /** At most 1. */
  readonly saved: number;
  /** 95%; null below `FEWEST_SEEDS`. */
  readonly interval: SavingInterval | null;
  /** J of the arm at the end minus the baseline's, paired by seed. */
  readonly finalDifference: Interval;
  /** Pairs of runs that the saving rests on: those of which neither has diverged. */
  readonly seeds: number;
  /** Pairs of runs of which one has. */
  readonly diverged: number;
}

/** Whether "saves" may be said: the whole interval is above zero, J does not end lower, and no run has diverged. */
export const isSaving = ({ interval, finalDifference, diverged }: Saving): boolean =>
  interval !== null && interval.low > 0 && finalDifference.mean >= 0 && diverged === 0;

/**
 * Every arm's saving against a baseline. Arms under another β are left out, because their J charges KL otherwise, and
 * so are those that have no price and those whose runs have all diverged. Empty until both have a final evaluation.
 */
export function savings(
  history: RaceHistory,
  spending: Spending,
  { baseline, goal }: Comparison = AGAINST_FIRST,
): Saving[] {
  return history.arms.flatMap((_, arm) => {
    const found = raceOf(history, spending, arm, baseline);
    return found ? [{ arm, ...savingOf(found.race, goal), seeds: found.seeds, diverged: found.diverged }] : [];
  });
}

/**
 * The p-value of a saving's test against a share: the level at which the interval just reaches it. 1 where the estimate
 * itself does not differ.
 */
export function savingLevel(history: RaceHistory, arm: number, baseline: number, share: number): number {
  const found = raceOf(history, 'labels', arm, baseline);
  if (!found) return 1;
  const contains = (level: number): boolean => {
    const { interval } = savingOf(found.race, 'final', 1 - level);
    return !interval || (interval.low <= share && share <= interval.high);
  };
  // An interval only grows as the level falls.
  let [low, high] = [0, 1];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (contains(middle)) low = middle;
    else high = middle;
  }
  return high;
}

/** The curves of an arm and a baseline over the seeds of which neither run has diverged; null where none compare. */
function raceOf(
  history: RaceHistory,
  spending: Spending,
  arm: number,
  baseline: number,
): { readonly race: PairedRace; readonly seeds: number; readonly diverged: number } | null {
  if (arm === baseline || !comparableObjectives(history.config, arm, baseline)) return null;
  if (areSame(history, arm, baseline)) return null;
  const all = pairedRuns(history, arm, baseline);
  const count = newestIndex(history) + 1;
  // A run may also diverge after the newest evaluation.
  const counts = (run: RunHistory) => run.steps.length === count && run.status !== 'diverged';
  const pairs = all.filter(({ mine, theirs }) => counts(mine) && counts(theirs));
  const priced = pairs.every(({ mine, theirs }) =>
    [mine, theirs].every((run) => typeof run.columns[spending].at(-1) === 'number'),
  );
  if (pairs.length === 0 || count === 0 || !priced) return null;
  return { race: pairedRace(pairs, spending), seeds: pairs.length, diverged: all.length - pairs.length };
}

/** Curves of an arm and its baseline over the same evaluations. */
export interface PairedRace {
  /** J of every seed at every evaluation. // [seed][evaluation] */
  readonly mine: readonly (readonly number[])[];
  readonly theirs: readonly (readonly number[])[];
  /** What was spent until each evaluation, the mean over seeds. // [evaluation] */
  readonly myCosts: readonly number[];
  readonly theirCosts: readonly number[];
}

function pairedRace(pairs: readonly PairedRuns[], spending: Spending): PairedRace {
  const objectives = ({ columns }: RunHistory) => columns.objective.map((j) => j ?? NaN);
  const costs = (runs: readonly RunHistory[]) =>
    runs[0]!.steps.map((_, i) => mean(runs.map(({ columns }) => columns[spending][i] ?? NaN)));
  const [mine, theirs] = [pairs.map((pair) => pair.mine), pairs.map((pair) => pair.theirs)];
  return {
    mine: mine.map(objectives),
    theirs: theirs.map(objectives),
    myCosts: costs(mine),
    theirCosts: costs(theirs),
  };
}

/**
 * The saving with its interval by inversion of the paired t test: a number of labels belongs to the interval unless the
 * arm's J there, minus the goal of the same seed, is significantly below or above 0. So the interval begins where J is
 * no longer significantly below the goal and ends where it stays significantly above it for good, which may be never.
 * Both ends are evaluations, the nearest outside: nothing was measured between them. How often the interval covers is
 * tested (tests/unit/labelSaving).
 */
export function savingOf(
  { mine, theirs, myCosts, theirCosts }: PairedRace,
  goal: Goal,
  confidence = 0.95,
): Pick<Saving, 'saved' | 'interval' | 'finalDifference'> {
  const at = goal === 'final' ? theirCosts.length - 1 : bestIndex(theirs);
  const spent = theirCosts[at]!;
  const goals = theirs.map((curve) => curve[at]!);
  const above = myCosts.map((_, i) =>
    studentInterval(
      differences(
        mine.map((curve) => curve[i]!),
        goals,
      ),
      confidence,
    ),
  );
  const savedBy = (costs: number): number => (spent === 0 ? -Infinity : 1 - costs / spent);
  const isBelow = above.map(({ mean: centre, half }) => centre + (half ?? 0) < 0);
  const isAbove = above.map(({ mean: centre, half }) => centre - (half ?? 0) >= 0);
  const first = isBelow.indexOf(false);
  const last = isAbove.lastIndexOf(false) + 1;
  return {
    saved: savedBy(
      reachedForGood(
        above.map(({ mean: centre }) => centre),
        myCosts,
      ),
    ),
    interval:
      mine.length < FEWEST_SEEDS
        ? null
        : {
            low: savedBy(myCosts[last] ?? Infinity),
            high: savedBy(first < 0 ? Infinity : myCosts[Math.max(0, first - 1)]!),
          },
    finalDifference: pairedDifference(
      mine.map((curve) => curve.at(-1)!),
      theirs.map((curve) => curve.at(-1)!),
    ),
  };
}

/** Where the mean over seeds is highest. */
function bestIndex(curves: readonly (readonly number[])[]): number {
  const means = curves[0]!.map((_, i) => mean(curves.map((curve) => curve[i]!)));
  return means.indexOf(Math.max(...means));
}

/** The costs at which a curve has last come up to 0, linear between evaluations; +∞ where it ends below. */
function reachedForGood(curve: readonly number[], costs: readonly number[]): number {
  const below = curve.findLastIndex((value) => value < 0);
  if (below < 0) return costs[0]!;
  if (below === curve.length - 1) return Infinity;
  const [before, after] = [curve[below]!, curve[below + 1]!];
  return costs[below]! + (before / (before - after)) * (costs[below + 1]! - costs[below]!);
}

/**
 * That an arm's mean J ends below its best by more than noise: its final J is an easy goal then, and savings against it
 * look too large. The fall is paired by seed; picking the best step makes it a little too large. Null where J did not fall so.
 */
export function fallNote(history: RaceHistory, arm: number): string | null {
  const means = stepsOf(history, arm).map((_, index) => meanAt(history, arm, 'objective', index)?.mean ?? -Infinity);
  const best = means.indexOf(Math.max(...means));
  if (best < 0 || best === means.length - 1) return null;
  const ends = runsOf(history, arm).flatMap(({ columns: { objective } }): [number, number][] => {
    const [high, last] = [objective[best], objective[newestIndex(history)]];
    return typeof high === 'number' && typeof last === 'number' ? [[high, last]] : [];
  });
  if (ends.length < 2) return null;
  const fall = pairedDifference(
    ends.map(([high]) => high),
    ends.map(([, last]) => last),
  );
  if (fall.mean <= 0 || !excludesZero(fall)) return null;
  const step = stepsOf(history, arm)[best];
  return `${history.arms[arm]}’s J ends ${withInterval(fall)} below its best (step ${step}), so its final J is an easy goal and the savings look larger than they are.`;
}

/**
 * "47% (38 to 55)"; "47% (at most 55)" where J may not stay above the goal; with the number of seeds where not all
 * of them count.
 */
export function savingText(saving: Saving | undefined): string {
  if (!saving) return '–';
  const { saved, interval, seeds, diverged } = saving;
  const found = saved > -Infinity ? percent(saved) : 'not reached';
  const over = diverged > 0 ? `, ${seeds} of ${seeds + diverged} seeds` : '';
  if (!interval || interval.high === -Infinity) return found + over;
  const high = saved > -Infinity ? whole(100 * interval.high) : percent(interval.high);
  const low = interval.low > -Infinity ? `${whole(100 * interval.low)} to ` : 'at most ';
  return `${found} (${low}${high})${over}`;
}

const percent = (share: number): string => `${whole(100 * share)}%`;
