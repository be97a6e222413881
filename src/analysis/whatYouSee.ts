import type { RaceHistory, RunHistory } from '../experiment/documents/history';
import type { RunStatus } from '../experiment/documents/results';
import { mean, pairedDifference } from '../math/statistics';
import { areSame, excludesZero, lastDifference, lastMean, newestStep, pairedRuns, runsOf } from './aggregate';
import { whole, withInterval } from './format';
import { FEWEST_SEEDS, isSaving, savings, savingText } from './labelSaving';

/**
 * What a race shows, in sentences that are made from its paired intervals and nothing else: who is ahead and whether that
 * is more than noise, what it saves, who moved farthest, and whose pairs differ more. Empty before the first comparison.
 */
export function whatYouSee(history: RaceHistory, isOver: boolean): string[] {
  const { arms, config } = history;
  if (arms.length < 2 || newestStep(history) === 0) return [];
  return [
    ...(config.seeds === 1
      ? ['One seed gives no interval: whatever differs here may be luck.']
      : [whoIsAhead(history), ...spread(history)]),
    ...(isOver ? labelsSaved(history) : []),
    ...pairsDiffer(history),
    ...(config.seeds > 1 && config.seeds < FEWEST_SEEDS
      ? [`${config.seeds} seeds are few: intervals are wide, and label savings have none.`]
      : []),
    ...lost(history),
  ];
}

const listed = (parts: readonly string[]): string =>
  parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;

/** J of every arm against the first, paired by seed. */
export function whoIsAhead(history: RaceHistory): string {
  const base = history.arms[0]!;
  const others = history.arms.slice(1).map((arm, i) => {
    const difference = lastDifference(history, i + 1, 0, 'objective');
    return { arm, difference, isSame: areSame(history, i + 1, 0) };
  });
  const names = (held: (one: (typeof others)[number]) => boolean) => others.filter(held).map(({ arm }) => arm);
  const told = (sign: number) =>
    others.flatMap(({ arm, difference }) =>
      difference && excludesZero(difference) && Math.sign(difference.mean) === sign
        ? [`${arm} (${withInterval(difference, true)})`]
        : [],
    );
  const open = names(({ difference }) => difference !== null && !excludesZero(difference));
  const same = names(({ isSame }) => isSame);
  const apart = names(({ difference, isSame }) => difference === null && !isSame);
  const [above, below] = [told(1), told(-1)];
  const have = (list: readonly string[], one: string, many: string) => (list.length === 1 ? one : many);
  const parts = [
    ...(above.length > 0 ? [`${listed(above)} ${have(above, 'has', 'have')} a higher J than ${base}`] : []),
    ...(below.length > 0 ? [`${listed(below)} ${have(below, 'has', 'have')} a lower J than ${base}`] : []),
    ...(open.length > 0 ? [`between ${base} and ${listed(open)} nothing is decided`] : []),
    ...(same.length > 0 ? [`${listed(same)} ${have(same, 'is', 'are')} the same as ${base} so far`] : []),
    ...(apart.length > 0 ? [`${listed(apart)} cannot be compared with ${base}`] : []),
  ];
  return `After ${whole(newestStep(history))} steps, paired by seed: ${parts.join('; ')}.`;
}

/** The arm that is surely farthest from the reference, if there is one: paired by seed, against every other arm. */
function spread(history: RaceHistory): string[] {
  const found = history.arms.findIndex((_, arm) =>
    history.arms.every((__, other) => {
      if (other === arm) return true;
      const difference = lastDifference(history, arm, other, 'kl');
      return difference !== null && difference.mean > 0 && excludesZero(difference);
    }),
  );
  const kl = found < 0 ? null : lastMean(history, found, 'kl');
  return kl ? [`${history.arms[found]} has moved farthest from the reference, KL ${withInterval(kl)}.`] : [];
}

/** What was saved of the first arm's labels; only what the whole interval says. */
export function labelsSaved(history: RaceHistory): string[] {
  const base = history.arms[0]!;
  const found = savings(history, 'labels');
  const saving = found.filter(isSaving);
  if (saving.length === 0) {
    return found.some(({ interval }) => interval !== null) ? [`No arm surely saves any of ${base}’s labels.`] : [];
  }
  const parts = saving.map((one) => `${history.arms[one.arm]} ${savingText(one)}`);
  return [
    `Of ${base}’s labels, ${listed(parts)} ${parts.length === 1 ? 'was' : 'were'} not needed to reach its final J.`,
  ];
}

/** Whose pairs differ more by the oracle's scores than the first arm's, on the average of the whole race, paired by seed. */
function pairsDiffer(history: RaceHistory): string[] {
  const gapOf = ({ columns }: RunHistory, count: number): number[] => {
    const values = columns.oracleGap.slice(0, count).filter((value) => value !== null);
    return values.length === 0 ? [] : [mean(values)];
  };
  const told = history.arms.slice(1).flatMap((arm, i) => {
    const pairs = pairedRuns(history, i + 1, 0).flatMap(({ mine, theirs }) => {
      // The gap changes as policies train: one that has diverged is compared up to there.
      const count = Math.min(mine.steps.length, theirs.steps.length);
      const [own, other] = [gapOf(mine, count), gapOf(theirs, count)];
      return own.length > 0 && other.length > 0 ? [[own[0]!, other[0]!] as const] : [];
    });
    const [mine, theirs] = [pairs.map(([own]) => own), pairs.map(([, other]) => other)];
    if (pairs.length < 2 || !excludesZero(pairedDifference(mine, theirs)) || mean(theirs) === 0) return [];
    const share = 100 * (mean(mine) / mean(theirs) - 1);
    return [`${arm}’s ${whole(Math.abs(share))}% ${share > 0 ? 'farther apart' : 'closer together'}`];
  });
  if (told.length === 0) return [];
  return [
    `The oracle’s scores of a pair lie apart, compared with ${history.arms[0]}’s pairs: ${listed(told)}. Of two answers that are alike nothing is learnt.`,
  ];
}

function lost(history: RaceHistory): string[] {
  const of = (lostAs: RunStatus): string[] =>
    history.arms.flatMap((arm, i) => {
      const count = runsOf(history, i).filter(({ status }) => status === lostAs).length;
      return count > 0 ? [`${count} of ${arm}`] : [];
    });
  const diverged = of('diverged');
  // Where all were stopped, somebody has stopped the race.
  const others = history.runs.some(({ status }) => status === 'running' || status === 'complete');
  const givenUp = others ? of('stopped') : [];
  return [
    ...(diverged.length > 0 ? [`Runs have diverged: ${listed(diverged)}.`] : []),
    ...(givenUp.length > 0 ? [`Runs were given up: ${listed(givenUp)}.`] : []),
  ];
}
