import type { Word } from '../words';

/** A completion in its text, as an oracle reads it. */
export interface ReadText {
  /** The prompt and the completion; the completion's letters begin at `from`. */
  readonly text: string;
  readonly from: number;
  /** Of the prompt and the completion. */
  readonly words: readonly Word[];
  /** The completion's words begin here. */
  readonly first: number;
  /** Whether it has come to an end, instead of being cut off. */
  readonly ended: boolean;
}

/** An oracle that credits words. */
export interface Oracle {
  /** What each of the completion's words contributes; then what the end does, or the lack of one. // [words − first + 1] */
  credits(text: ReadText): number[];
}
