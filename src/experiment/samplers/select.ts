import type { Selection } from './table';

/** What a selection rule looks at. */
export interface Candidate {
  /** What tells completions apart. */
  readonly ids: readonly number[];
  /** log π_θ − log π_ref, which orders completions as the implicit reward does. */
  readonly logRatio: number;
}

/** Indices, among a pair's candidates, of the two completions shown to the annotator. */
export type SelectedPair = readonly [first: number, second: number];

/**
 * Applies a selection rule; one that goes by a table of pairs has chosen before anything was drawn. Among equals the
 * lowest index wins; if all candidates score the same, the first and the last are taken, so that a pair never shows one
 * completion twice.
 *
 * @param rewardOf the oracle's score of a candidate; asked for only where the rule goes by it
 */
export function selectPair<C extends Candidate>(
  selection: Selection,
  candidates: readonly C[],
  rewardOf: (candidate: C) => number,
): SelectedPair {
  switch (selection) {
    case 'pair':
    case 'spread':
    case 'oracle-spread':
    case 'best-design':
    case 'implicit-design':
      return [0, 1];
    case 'implicit-extremes':
      return extremes(candidates.map((c) => c.logRatio));
    case 'oracle-extremes':
      return extremes(candidates.map(rewardOf));
    case 'implicit-closest':
      return closest(candidates);
    default:
      throw new Error(`unknown selection ${String(selection satisfies never)}`);
  }
}

/**
 * The neighbours by implicit reward that lie closest, the better one first. Which they are depends on what was drawn and
 * not on the order: equals stand by their ids, and of equal gaps the one between the best counts. The first and the
 * last where all are the same completion.
 */
function closest(candidates: readonly Candidate[]): SelectedPair {
  const different = candidates
    .map((candidate, index) => ({ ...candidate, index }))
    .filter(({ ids }, i) => candidates.findIndex((other) => compareIds(other.ids, ids) === 0) === i)
    .sort((a, b) => b.logRatio - a.logRatio || compareIds(a.ids, b.ids));
  if (different.length < 2) return [0, candidates.length - 1];
  const least = closestNeighbours(different.map(({ logRatio }) => logRatio));
  return [different[least]!.index, different[least + 1]!.index];
}

/** Of two scores or more that fall, the place of the first of the two neighbours that lie closest, the earliest among equals. */
export function closestNeighbours(scores: readonly number[]): number {
  const gap = (i: number) => scores[i]! - scores[i + 1]!;
  let least = 0;
  for (let i = 1; i + 1 < scores.length; i++) if (gap(i) < gap(least)) least = i;
  return least;
}

/** As words in a dictionary. */
function compareIds(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((id, i) => id !== b[i]);
  return at < 0 ? a.length - b.length : a[at]! - (b[at] ?? -1);
}

function extremes(scores: readonly number[]): SelectedPair {
  let best = 0;
  let worst = 0;
  scores.forEach((score, i) => {
    if (score > scores[best]!) best = i;
    if (score < scores[worst]!) worst = i;
  });
  return best === worst ? [0, scores.length - 1] : [best, worst];
}
