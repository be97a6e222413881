import type { Oracle } from './oracle';

/** A tenth off for each word more, or fewer, than so many. */
export const length = (words: number): Oracle => ({
  credits({ words: all, first }) {
    const own = all.length - first;
    return [...Array.from({ length: own }, (_, i) => (i < words ? 0 : -0.1)), -0.1 * Math.max(0, words - own)];
  },
});
