import type { Claim } from '../experiment/claims';
import type { RaceHistory } from '../experiment/history';
import { METRICS } from '../experiment/metrics';
import { interval95, pairedDifference, type Interval } from '../math/statistics';
import { excludesZero, lastDifference, runsOf } from './aggregate';
import { compact, withInterval } from './format';
import { fallNote, savings, savingText } from './labelSaving';

/** Whether results bear a claim out, by a 95% interval; undecided where it leaves both possible. */
export type Verdict = 'agrees' | 'disagrees' | 'undecided';

export interface Judgement {
  readonly claim: Claim;
  /** The claim as a sentence. */
  readonly statement: string;
  readonly verdict: Verdict;
  /** What the verdict rests on, in words; '–' where there is nothing yet. */
  readonly evidence: string;
  readonly seeds: number;
}

/** Judges claims by a race's last evaluations; one about an arm that did not race is undecided. */
export const judge = (history: RaceHistory, claims: readonly Claim[]): Judgement[] =>
  claims.map((claim) => ({ claim, statement: statementOf(claim), ...judged(history, claim) }));

export function statementOf(claim: Claim): string {
  switch (claim.kind) {
    case 'above':
      return `${METRICS[claim.metric].label}: ${claim.arm} above ${claim.than}`;
    case 'rises':
      return `${METRICS[claim.metric].label} of ${claim.arm} rises`;
    case 'saves':
      return `${claim.arm} saves more than ${Math.round(100 * claim.share)}% of ${claim.than}’s labels`;
    case 'costs':
      return `${claim.arm}: ${claim.perPair} ${claim.spending === 'samplingCost' ? 'passes' : 'responses shown'} a pair`;
  }
}

type Found = Pick<Judgement, 'verdict' | 'evidence' | 'seeds'>;

const NOTHING: Found = { verdict: 'undecided', evidence: '–', seeds: 0 };

function judged(history: RaceHistory, claim: Claim): Found {
  const arm = history.arms.indexOf(claim.arm);
  const than = 'than' in claim ? history.arms.indexOf(claim.than) : -1;
  if (arm < 0 || ('than' in claim && than < 0)) return NOTHING;
  switch (claim.kind) {
    case 'above': {
      const difference = lastDifference(history, arm, than, claim.metric);
      return difference ? bySign(difference, difference.seeds) : NOTHING;
    }
    case 'rises': {
      const ends = columnEnds(history, arm, claim.metric);
      if (ends.length === 0) return NOTHING;
      const difference = pairedDifference(
        ends.map(([, last]) => last),
        ends.map(([first]) => first),
      );
      return bySign(difference, ends.length);
    }
    case 'saves':
      return judgedSaving(history, arm, than, claim.share);
    case 'costs': {
      const labels = columnEnds(history, arm, 'labels');
      const spent = columnEnds(history, arm, claim.spending);
      if (labels.length === 0 || spent.length !== labels.length) return NOTHING;
      const perPair = interval95(spent.map(([, cost], i) => cost / labels[i]![1]));
      return byDistance(perPair, claim.perPair, labels.length);
    }
  }
}

/** A run's first and last value, for the runs of an arm that have them. */
function columnEnds(history: RaceHistory, arm: number, metric: keyof typeof METRICS): [number, number][] {
  return runsOf(history, arm).flatMap(({ columns }): [number, number][] => {
    const [first, last] = [columns[metric][0], columns[metric].at(-1)];
    return typeof first === 'number' && typeof last === 'number' ? [[first, last]] : [];
  });
}

function bySign(difference: Interval, seeds: number): Found {
  const evidence = withInterval(difference, true);
  if (!excludesZero(difference)) return { verdict: 'undecided', evidence, seeds };
  return { verdict: difference.mean > 0 ? 'agrees' : 'disagrees', evidence, seeds };
}

/** A count has no error where every seed counted the same. */
function byDistance(found: Interval, expected: number, seeds: number): Found {
  const evidence = found.half === 0 ? compact(found.mean) : withInterval(found);
  if (found.half === null) return { verdict: 'undecided', evidence, seeds };
  const agrees = Math.abs(found.mean - expected) <= Math.max(found.half, 1e-9);
  return { verdict: agrees ? 'agrees' : 'disagrees', evidence, seeds };
}

function judgedSaving(history: RaceHistory, arm: number, than: number, share: number): Found {
  const found = savings(history, 'labels', { baseline: than, goal: 'final' }).find((saving) => saving.arm === arm);
  if (!found) return NOTHING;
  const { interval, seeds } = found;
  const note = fallNote(history, than);
  const evidence = note === null ? savingText(found) : `${savingText(found)}. ${note}`;
  if (!interval) return { verdict: 'undecided', evidence, seeds };
  if (interval.low > share) return { verdict: 'agrees', evidence, seeds };
  return { verdict: interval.high < share ? 'disagrees' : 'undecided', evidence, seeds };
}
