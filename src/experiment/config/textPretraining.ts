/** A small policy that is to learn from somebody's text. */
export interface TextPretraining {
  readonly text: string;
  readonly seed: number;
  readonly steps: number;
  /** Of the vocabulary, at most. */
  readonly tokens: number;
  /** A multiple of HEAD_WIDTH. */
  readonly width: number;
  readonly layers: number;
}

export const HEAD_WIDTH = 16;

/** What may be asked for, and what is sensible. */
export const TEXT_PRETRAINING = {
  steps: { min: 1, max: 100_000, usual: 1000 },
  tokens: { min: 64, max: 4096, usual: 512 },
  width: { min: HEAD_WIDTH, max: 256, usual: 64 },
  layers: { min: 1, max: 8, usual: 2 },
} as const;

/** More teaches so small a model nothing. */
const MOST_LETTERS = 8_000_000;
/** A letter has four of them at most. */
export const MOST_TEXT_BYTES = 4 * MOST_LETTERS;
/** Fewer words are not worth a model. */
const LEAST_WORDS = 500;

/** What is wrong with a text to learn from, as a sentence without its end; null where nothing is. */
export function textProblem(text: string): string | null {
  if (text.length > MOST_LETTERS) return `the text has ${text.length} letters; give at most ${MOST_LETTERS}`;
  let words = 0;
  for (const _ of text.matchAll(/\S+/g)) words++;
  return words < LEAST_WORDS ? `the text has ${words} words; give at least ${LEAST_WORDS}` : null;
}
