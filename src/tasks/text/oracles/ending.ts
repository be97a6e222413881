import type { Oracle } from './oracle';

/** One off for a text that is cut off before its end. */
export const ending: Oracle = {
  credits: ({ words, first, ended }) => [...words.slice(first).map(() => 0), ended ? 0 : -1],
};
