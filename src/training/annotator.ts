import type { Answer } from '../experiment/documents/labels';

/** What a person who labels is asked: which of two completions is better. Shown blind, as neither arm is named. */
export interface Question {
  readonly arm: string;
  readonly seed: number;
  /** The step, from 0, before which the pair was collected, and its place in that collection. */
  readonly step: number;
  readonly pair: number;
  readonly prompt: string;
  readonly first: string;
  readonly second: string;
  /** The oracle's scores of both, to compare with afterwards. */
  readonly rewards: readonly [first: number, second: number];
}

export type { Answer };

/** Answers every question of a step, in their order; null: nobody labels any more, and the experiment ends there. */
export type Annotator = (questions: readonly Question[]) => Promise<readonly Answer[] | null>;
