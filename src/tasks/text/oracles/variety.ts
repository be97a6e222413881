import type { Oracle } from './oracle';

/** A word costs a quarter for each of its earlier uses; those of three letters and fewer are free. */
export const variety: Oracle = {
  credits({ words, first }) {
    const uses = new Map<string, number>();
    const costs = words.map(({ text }) => {
      const key = text.toLowerCase();
      const earlier = uses.get(key) ?? 0;
      uses.set(key, earlier + 1);
      return text.length > 3 ? -earlier / 4 : 0;
    });
    return [...costs.slice(first), 0];
  },
};
