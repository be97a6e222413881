import type { RewardForm } from './reviews/bounds';

/** What training needs to know of a text task; the bandit has its own, enumerable, form. */
export interface TextTask {
  readonly kind: 'reviews';
  /** Token id → text; ids 0, 1 and 2 are padding, the beginning and the end. */
  readonly vocabulary: readonly string[];
  /** Training prompts, token ids, each starting with the beginning token; lengths may differ. */
  readonly prompts: readonly (readonly number[])[];
  /** Held-out prompts that every evaluation uses. */
  readonly testPrompts: readonly (readonly number[])[];
  /** Longest prompt and longest completion (end token included), in tokens. */
  readonly promptLength: number;
  readonly completionLength: number;
  /**
   * The oracle r*(x, y): score of a completion (ids up to and including its end token, or cut off without one)
   * after its prompt.
   */
  score(prompt: readonly number[], completion: readonly number[], form?: RewardForm): OracleScore;
  /** Ids as a person would write them: spaces, no space before punctuation, no special tokens. */
  text(ids: readonly number[]): string;
}

export interface OracleScore {
  readonly reward: number;
  /** One number per completion token: what the oracle credited to it, before bounding. */
  readonly contributions: readonly number[];
}

export const PADDING = 0;
export const BEGINNING = 1;
export const END = 2;
