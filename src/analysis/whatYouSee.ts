import type { RaceHistory } from '../experiment/documents/history';
import { areSame, excludesZero, lastDifference, lastMean, meanAt, newestIndex, runsOf } from './aggregate';
import { whole, withInterval } from './format';
import { FEWEST_SEEDS, isSaving, savings, savingText } from './labelSaving';

/**
 * What a race shows, in sentences that are made from its intervals and nothing else: who is ahead and whether that is
 * more than noise, what it saves, who moved farther, and whose pairs differ most. Empty before the first comparison.
 */
export function whatYouSee(history: RaceHistory, isOver: boolean): string[] {
  const { arms, config } = history;
  const step = Math.max(0, ...history.runs.map(({ steps }) => steps.at(-1) ?? 0));
  if (arms.length < 2 || step === 0) return [];
  const base = arms[0]!;
  return [
    ...(config.seeds === 1
      ? ['One seed gives no interval: whatever differs here may be luck.']
      : [ahead(history, base, step), ...spread(history)]),
    ...(isOver ? saved(history, base) : []),
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
function ahead(history: RaceHistory, base: string, step: number): string {
  const found = history.arms.slice(1).flatMap((arm, i) => {
    const difference = lastDifference(history, i + 1, 0, 'objective');
    return difference && !areSame(history, i + 1, 0) ? [{ arm, difference }] : [];
  });
  const told = (sign: number) =>
    found
      .filter(({ difference }) => excludesZero(difference) && Math.sign(difference.mean) === sign)
      .map(({ arm, difference }) => `${arm} (${withInterval(difference, true)})`);
  const open = found.filter(({ difference }) => !excludesZero(difference)).map(({ arm }) => arm);
  const [above, below] = [told(1), told(-1)];
  const parts = [
    ...(above.length > 0 ? [`${listed(above)} ${above.length === 1 ? 'has' : 'have'} a higher J than ${base}`] : []),
    ...(below.length > 0 ? [`${listed(below)} a lower one`] : []),
    ...(open.length > 0 ? [`between ${base} and ${listed(open)} nothing is decided`] : []),
  ];
  const said = parts.length === 0 ? 'all arms are the same' : parts.join('; ');
  return `After ${whole(step)} steps, paired by seed: ${said}.`;
}

/** Who moved farthest from the reference, and who least, where their intervals lie apart. */
function spread(history: RaceHistory): string[] {
  const found = history.arms.flatMap((arm, i) => {
    const kl = lastMean(history, i, 'kl');
    return kl && kl.half !== null ? [{ arm, i, kl }] : [];
  });
  const sorted = found.toSorted((a, b) => a.kl.mean - b.kl.mean);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most || least === most) return [];
  const difference = lastDifference(history, most.i, least.i, 'kl');
  if (!difference || !excludesZero(difference)) return [];
  return [
    `${most.arm} has moved farthest from the reference (KL ${withInterval(most.kl)}), ${least.arm} least (${withInterval(least.kl)}).`,
  ];
}

/** What was saved of the first arm's labels; only what the whole interval says. */
function saved(history: RaceHistory, base: string): string[] {
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

/** Whose pairs differ most by the oracle's scores: a label tells more where they do, on the average of the whole race. */
function pairsDiffer(history: RaceHistory): string[] {
  const last = newestIndex(history);
  const found = history.arms.flatMap((arm, i) => {
    const values = Array.from({ length: last + 1 }, (_, index) => meanAt(history, i, 'oracleGap', index)?.mean).filter(
      (value) => value !== undefined,
    );
    return values.length > 0 ? [{ arm, mean: values.reduce((a, b) => a + b, 0) / values.length }] : [];
  });
  const sorted = found.toSorted((a, b) => b.mean - a.mean);
  const [most, least] = [sorted[0], sorted.at(-1)];
  if (!most || !least || most === least || most.mean < 1.1 * least.mean) return [];
  const share = whole(100 * (most.mean / least.mean - 1));
  return [
    `${most.arm} shows the most different pairs, ${least.arm} the most alike: the oracle’s scores of a pair lie ${share}% farther apart. Pairs of one kind teach nothing, and pairs that are all too easy little.`,
  ];
}

function lost(history: RaceHistory): string[] {
  const diverged = history.arms.flatMap((arm, i) => {
    const count = runsOf(history, i).filter(({ status }) => status === 'diverged').length;
    return count > 0 ? [`${count} of ${arm}`] : [];
  });
  return diverged.length > 0 ? [`Runs have diverged: ${listed(diverged)}.`] : [];
}
