import { OPENINGS } from './openings';
import { RULES } from './rules';

/** Every word the grammar can write, in alphabetical order, after the special tokens and the punctuation. */
function collectWords(): string[] {
  const words = new Set<string>();
  for (const opening of OPENINGS) for (const word of opening.words.split(' ')) words.add(word);
  for (const alternatives of Object.values(RULES)) {
    for (const [, symbols] of alternatives) {
      for (const symbol of symbols.split(' ')) if (RULES[symbol] === undefined) words.add(symbol);
    }
  }
  for (const mark of ['.', ',']) words.delete(mark);
  return [...words].sort();
}

export const VOCABULARY: readonly string[] = ['<pad>', '<bos>', '<eos>', '.', ',', ...collectWords()];

const idOf = new Map(VOCABULARY.map((word, id) => [word, id]));

/** The id of a word of the grammar; throws a RangeError for any other. */
export function wordId(word: string): number {
  const id = idOf.get(word);
  if (id === undefined) throw new RangeError(`"${word}" is not in the vocabulary of the reviews`);
  return id;
}

/** Ids of words with spaces between. */
export const wordIds = (words: string): number[] => words.split(' ').map(wordId);

/** Ids as a person would write them: spaces, no space before punctuation, no special tokens. */
export function text(ids: readonly number[]): string {
  let written = '';
  for (const id of ids) {
    const word = VOCABULARY[id];
    if (word === undefined || word.startsWith('<')) continue;
    written += written === '' || word === '.' || word === ',' ? word : ` ${word}`;
  }
  return written;
}
