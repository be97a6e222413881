import type { Selection } from './table';

/** What a selection rule looks at. */
export interface Candidate {
  /** log π_θ − log π_ref, which orders completions as the implicit reward does. */
  readonly logRatio: number;
  /** The oracle's score. */
  readonly reward: number;
}

/** Indices, among a pair's candidates, of the two completions shown to the annotator. */
export type SelectedPair = readonly [first: number, second: number];

/**
 * Applies a selection rule. Among equals the lowest index wins; if all candidates score the same, the first and
 * the last are taken, so that a pair never shows one completion twice.
 */
export function selectPair(selection: Selection, candidates: readonly Candidate[]): SelectedPair {
  switch (selection) {
    case 'pair':
      return [0, 1];
    case 'implicit-extremes':
      return extremes(candidates.map((c) => c.logRatio));
    case 'oracle-extremes':
      return extremes(candidates.map((c) => c.reward));
    default:
      throw new Error(`unknown selection ${String(selection satisfies never)}`);
  }
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
