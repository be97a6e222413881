import type { Oracle } from './oracle';

/** One for the first use of a word, in any case; with a negative weight it is a word that must not occur. */
export const wanted = (word: string): Oracle => ({
  credits({ words, first }) {
    const key = word.toLowerCase();
    const credits = words.slice(first).map(({ text }) => (text.toLowerCase() === key ? 1 : 0));
    const at = credits.indexOf(1);
    return [...credits.map((_, i): number => (i === at ? 1 : 0)), 0];
  },
});
