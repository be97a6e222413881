import { STREAM, uniformInteger } from '../../../math/random';
import type { TextCoder } from '../coder';

/** A text in one line with plain marks: fewer letters for a small model to tell apart. */
export const plainText = (text: string): string =>
  text
    .replace(/[“”„«»]/g, '"')
    .replace(/[‘’‚]/g, "'")
    .replace(/[–—]/g, '-')
    .replace(/…/g, '...')
    // Halves of letters, of files that were cut.
    .replace(/\p{Surrogate}/gu, '')
    .replace(/\s+/g, ' ')
    .trim();

/** Token ids: a beginning, and what follows it. */
interface Passage {
  readonly prompt: readonly number[];
  readonly completion: readonly number[];
}

/** Passages to learn from, cut out of a long text. */
export interface Corpus {
  /** Number i of those to train on. */
  readonly example: (i: number) => Passage;
  /** From the text's end, which training does not see. */
  readonly heldOut: readonly Passage[];
  /** Beginnings of sentences: from where training reads, and from where it does not. */
  readonly prompts: { readonly training: readonly string[]; readonly test: readonly string[] };
}

export interface CorpusOptions {
  /** In tokens, the beginning token and the end included. */
  readonly promptLength: number;
  readonly completionLength: number;
  readonly seed: number;
  readonly beginning: number;
  readonly end: number;
}

/** Where fewer sentences end, texts begin at any word. */
const LEAST_SENTENCES = 20;
/** What a text begins behind. */
const SENTENCE = /[.!?]["')]* /g;
const WORD = / /g;
const HELD_OUT_SHARE = 0.1;
const HELD_OUT = 256;
const PROMPTS = { training: 64, test: 24 };
/** Words of a prompt, from and to. */
const [FEWEST, MOST] = [3, 8];
/** More than any language's vocabulary of some hundred tokens has in the mean. */
const LETTERS_PER_TOKEN = 8;

/**
 * Cuts a plain text into examples: the first words of a sentence as the prompt, and what follows as its completion, up to
 * the last end of a sentence that fits; where none fits, the completion is cut off.
 */
export function readCorpus(text: string, coder: TextCoder, options: CorpusOptions): Corpus {
  const place = [...text.matchAll(SENTENCE)].length < LEAST_SENTENCES ? WORD : SENTENCE;
  const starts = startsIn(text, place);
  const border = starts[Math.ceil(starts.length * (1 - HELD_OUT_SHARE)) - 1]!;
  const training = examplesOf(text.slice(0, border), place, coder, 0, options);
  const test = examplesOf(text.slice(border), place, coder, 1, options);
  const prompts = (draw: (i: number) => Passage, count: number): string[] => [
    ...new Set(Array.from({ length: count }, (_, i) => coder.decode(draw(i).prompt.slice(1)))),
  ];
  return {
    example: training,
    heldOut: Array.from({ length: HELD_OUT }, (_, i) => test(i)),
    prompts: { training: prompts(training, PROMPTS.training), test: prompts(test, PROMPTS.test) },
  };
}

/** Where something begins: at the text's start, and behind each place. */
const startsIn = (text: string, place: RegExp): number[] => [
  0,
  ...Array.from(text.matchAll(place), ({ 0: { length }, index }) => index + length),
];

/** Example number i of a text; `row` tells the draws of one text from those of another. */
function examplesOf(text: string, place: RegExp, coder: TextCoder, row: number, options: CorpusOptions) {
  const { seed, promptLength, completionLength } = options;
  const letters = LETTERS_PER_TOKEN * (promptLength + completionLength);
  // What begins near the end has too little behind it.
  const starts = startsIn(text, place).filter((start) => start === 0 || start < text.length - letters / 2);
  return (i: number): Passage => {
    const at = { seed, stream: STREAM.corpus, step: i, row, token: 0 };
    const start = starts[uniformInteger(at, starts.length, 0)]!;
    const words = FEWEST + uniformInteger(at, MOST - FEWEST + 1, 1);
    return example(coder, text.slice(start, start + letters), words, options);
  };
}

function example(coder: TextCoder, text: string, words: number, options: CorpusOptions): Passage {
  const { beginning, end, promptLength, completionLength } = options;
  const ids = coder.encode(text);
  const isWord = (i: number) => coder.pieces[ids[i]!]!.startsWith(' ');
  const breaks = ids.map((_, i) => i).filter((i) => i > 0 && i < promptLength && isWord(i));
  // A word that is longer than a prompt is cut.
  const first = breaks[Math.min(words, breaks.length) - 1] ?? Math.min(promptLength, ids.length) - 1;
  const most = ids.slice(first, first + completionLength);
  const stop = lastSentence(
    most.map((id) => coder.pieces[id]!),
    completionLength - 1,
  );
  return {
    prompt: [beginning, ...ids.slice(0, first)],
    completion: stop > 0 ? [...most.slice(0, stop), end] : most,
  };
}

/** How many pieces the whole sentences among the first so many have. */
function lastSentence(pieces: readonly string[], most: number): number {
  for (let count = Math.min(most, pieces.length); count > 0; count--) {
    const ends = /[.!?]["')]*$/.test(pieces.slice(0, count).join(''));
    if (ends && (pieces[count] ?? ' ').startsWith(' ')) return count;
  }
  return 0;
}
