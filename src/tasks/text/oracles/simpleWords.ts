import { daleChall } from 'dale-chall';
import type { Oracle } from './oracle';

const EASY = new Set(daleChall);
/** Regular endings of a word that the list has: it has "jump", not "jumped". */
const ENDINGS = [/'s$/, /s$/, /es$/, /d$/, /ed$/, /ing$/, /ly$/, /er$/, /est$/, /n't$/];

function isEasy(word: string): boolean {
  const lower = word.toLowerCase();
  if (EASY.has(lower)) return true;
  return ENDINGS.some((ending) => {
    const stem = lower.replace(ending, '');
    // "running", "baked", "happily", "tries".
    const stems = [stem, `${stem}e`, stem.replace(/i$/, 'y'), stem.replace(/(.)\1$/, '$1')];
    return stem !== lower && stems.some((one) => EASY.has(one));
  });
}

/** The words that four in five children of ten know (Dale and Chall 1948, 1995): each other word costs one. Names do not count. */
export const simpleWords: Oracle = {
  credits: ({ words, first }) => [
    ...words.slice(first).map(({ text }) => (isEasy(text) || /^\p{Lu}/u.test(text) ? 0 : -1)),
    0,
  ],
};
