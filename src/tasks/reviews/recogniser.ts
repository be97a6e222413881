import { END } from '../task';
import { productionsOf, STARTS, type Item } from './grammar';

const symbolOfPrompt = new Map(STARTS.map(({ prompt, symbol }) => [prompt.join(' '), symbol]));

/** Where an item that starts somewhere can end, with the summed probability of the ways to get there. */
type Ends = ReadonlyMap<number, number>;

/** All ways to read a part of `words`: top down, each (item, start) once. */
function reader(words: readonly number[]): (at: Item, start: number) => Ends {
  const known = new Map<number, Ends>();

  const readSequence = (items: readonly Item[], start: number): Ends => {
    let ends: Ends = new Map([[start, 1]]);
    for (const item of items) {
      const next = new Map<number, number>();
      for (const [middle, probability] of ends) {
        for (const [end, factor] of read(item, middle)) next.set(end, (next.get(end) ?? 0) + probability * factor);
      }
      ends = next;
      if (ends.size === 0) break;
    }
    return ends;
  };

  const read = (at: Item, start: number): Ends => {
    const productions = productionsOf(at);
    if (productions === null) return words[start] === at ? new Map([[start + 1, 1]]) : new Map<number, number>();
    const key = at * -4096 + start;
    const before = known.get(key);
    if (before !== undefined) return before;
    const ends = new Map<number, number>();
    for (const { probability, items } of productions) {
      for (const [end, factor] of readSequence(items, start))
        ends.set(end, (ends.get(end) ?? 0) + probability * factor);
    }
    known.set(key, ends);
    return ends;
  };
  return read;
}

/**
 * log p(completion | prompt) under the grammar in nats, summed over all derivations;
 * −∞ for what the grammar cannot write, which includes unknown prompts and completions without an end token.
 */
export function logProbability(prompt: readonly number[], completion: readonly number[]): number {
  const symbol = symbolOfPrompt.get(prompt.join(' '));
  const last = completion.length - 1;
  if (symbol === undefined || completion[last] !== END) return -Infinity;
  return Math.log(reader(completion)(symbol, 0).get(last) ?? 0);
}

/** Whether the grammar could have written this completion of this prompt; one cut off without an end token is not. */
export const isGrammatical = (prompt: readonly number[], completion: readonly number[]): boolean =>
  logProbability(prompt, completion) > -Infinity;
