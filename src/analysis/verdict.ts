import type { Claim } from '../experiment/presets/claims';
import { comparableObjectives } from '../experiment/config/config';
import type { RaceHistory } from '../experiment/documents/history';
import { METRICS, type MetricName } from '../experiment/documents/metrics';
import { costOf } from '../experiment/samplers/costs';
import { holm, interval95, mean, studentP, type Interval } from '../math/statistics';
import { excludesZero, pairedValues, runsOf } from './aggregate';
import { endOf } from './ends';
import { compact, countText, fixed, withInterval } from './format';
import { fallNote, savingLevel, savings, savingText } from './labelSaving';

/**
 * Whether results bear a claim out, by a 95% interval; undecided where it allows both. A claim that a design cannot test
 * is none of these: the results would be the same whether it is true or not.
 */
export type Verdict = 'agrees' | 'disagrees' | 'undecided' | 'not testable here';

export interface Judgement {
  readonly claim: Claim;
  /** The claim as a sentence. */
  readonly statement: string;
  readonly verdict: Verdict;
  /** What the verdict rests on, in words; '–' where there is nothing yet. */
  readonly evidence: string;
  /** Seeds that it rests on, and those that it would if no run had diverged. */
  readonly seeds: number;
  readonly planned: number;
  /** The p-value of the test behind the verdict; null where what is known exactly decides, or nothing does. */
  readonly p: number | null;
}

/** A judgement among others. */
export interface CorrectedJudgement extends Judgement {
  /** The verdict that is left when all tests of the document together may err in one of twenty documents only. */
  readonly corrected: Verdict;
}

const LEVEL = 0.05;

/** Judges claims by a race's end; one about an arm that did not race is undecided. */
export const judge = (history: RaceHistory, claims: readonly Claim[]): Judgement[] =>
  claims.map((claim) => ({
    claim,
    statement: statementOf(claim),
    planned: history.config.seeds,
    ...judged(history, claim),
  }));

/** Holm's correction over all judgements of a document. */
export function corrected(judgements: readonly Judgement[]): CorrectedJudgement[] {
  const tested = judgements.filter(({ p }) => p !== null);
  const adjusted = new Map(holm(tested.map(({ p }) => p!)).map((p, i) => [tested[i]!, p] as const));
  return judgements.map((judgement) => {
    const p = adjusted.get(judgement);
    return { ...judgement, corrected: p !== undefined && p >= LEVEL ? 'undecided' : judgement.verdict };
  });
}

/** "8 seeds", or "7 of 8 seeds" where runs have diverged. */
export const seedsText = ({ seeds, planned }: Judgement): string => `${countText(seeds, planned)} seeds`;

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

type Found = Pick<Judgement, 'verdict' | 'evidence' | 'seeds' | 'p'>;

const NOTHING: Found = { verdict: 'undecided', evidence: '–', seeds: 0, p: null };

function judged(history: RaceHistory, claim: Claim): Found {
  const arm = history.arms.indexOf(claim.arm);
  const than = 'than' in claim ? history.arms.indexOf(claim.than) : -1;
  if (arm < 0 || ('than' in claim && than < 0)) return NOTHING;
  switch (claim.kind) {
    case 'above':
      if (claim.metric === 'objective' && !comparableObjectives(history.config, arm, than)) return NOTHING;
      return bySign(pairedValues(history, arm, than, (run) => endOf(history, run, claim.metric)));
    case 'rises':
      return judgedRise(history, arm, claim.metric);
    case 'saves':
      return judgedSaving(history, arm, than, claim.share);
    case 'costs':
      return judgedCost(history, arm, claim);
  }
}

/** By the paired differences of two values a seed. */
function bySign(pairs: readonly (readonly [number, number])[]): Found {
  if (pairs.length === 0) return NOTHING;
  const differences = pairs.map(([mine, theirs]) => mine - theirs);
  const difference: Interval = interval95(differences);
  const [evidence, seeds, p] = [withInterval(difference, true), pairs.length, studentP(differences)];
  if (!excludesZero(difference)) return { verdict: 'undecided', evidence, seeds, p };
  return { verdict: difference.mean > 0 ? 'agrees' : 'disagrees', evidence, seeds, p };
}

/** A learner's KL rises from any start below the optimum's: that says nothing about its sampler. */
function judgedRise(history: RaceHistory, arm: number, metric: MetricName): Found {
  const ends = runsOf(history, arm).flatMap((run): [number, number][] => {
    const [first, last] = [run.columns[metric][0], endOf(history, run, metric)];
    return typeof first === 'number' && last !== null ? [[last, first]] : [];
  });
  const optima = runsOf(history, arm).flatMap(({ optimum }) => optimum?.kl ?? []);
  if (metric === 'kl' && ends.length > 0 && optima.length > 0) {
    const [start, best] = [mean(ends.map(([, first]) => first)), mean(optima)];
    if (start < best) {
      const evidence = `KL starts at ${fixed(start, 2)}, below the optimum’s ${fixed(best, 2)}, so learning raises it`;
      return { verdict: 'not testable here', evidence, seeds: ends.length, p: null };
    }
  }
  return bySign(ends);
}

/** What a pair costs is known exactly; what was counted is shown beside it. */
function judgedCost(
  history: RaceHistory,
  arm: number,
  { spending, perPair }: Extract<Claim, { kind: 'costs' }>,
): Found {
  const { config } = history;
  const settings = config.arms[arm]!;
  const { sampling, annotation } = costOf(settings, settings.beta ?? config.beta);
  const exact = spending === 'samplingCost' ? sampling : annotation;
  const counted = runsOf(history, arm).flatMap((run) => {
    const [labels, spent] = [endOf(history, run, 'labels'), endOf(history, run, spending)];
    return labels !== null && labels > 0 && spent !== null ? [spent / labels] : [];
  });
  if (exact === null || counted.length === 0) return NOTHING;
  const found = interval95(counted);
  const evidence = `${compact(exact)}, counted ${found.half === 0 ? compact(found.mean) : withInterval(found)}`;
  const verdict = Math.abs(exact - perPair) < 1e-9 ? 'agrees' : 'disagrees';
  return { verdict, evidence, seeds: counted.length, p: null };
}

function judgedSaving(history: RaceHistory, arm: number, than: number, share: number): Found {
  const found = savings(history, 'labels', { baseline: than, goal: 'final' }).find((saving) => saving.arm === arm);
  if (!found) return NOTHING;
  const { interval, seeds, finalDifference } = found;
  const note = fallNote(history, than);
  const evidence = note === null ? savingText(found) : `${savingText(found)}. ${note}`;
  if (!interval || found.diverged > 0) return { verdict: 'undecided', evidence, seeds, p: null };
  const p = savingLevel(history, arm, than, share);
  if (interval.low > share && finalDifference.mean >= 0) return { verdict: 'agrees', evidence, seeds, p };
  return { verdict: interval.high < share ? 'disagrees' : 'undecided', evidence, seeds, p };
}
