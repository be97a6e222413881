import { STREAM, ROW_BITS, uniform } from '../../math/random';
import { BEGINNING, END } from '../task';
import { OPENINGS, type Opening } from './openings';
import { RULES } from './rules';
import { wordId, wordIds } from './vocabulary';

/**
 * The rules with words as ids and weights as probabilities, and seeded draws from them.
 *
 * A review is an opening (uniform over `OPENINGS`), the expansion of the opening's symbol, and the end token.
 */

/** A symbol is an index into `PRODUCTIONS`, written as −1 − index; a word is its id. */
export type Item = number;

export interface Production {
  readonly probability: number;
  readonly items: readonly Item[];
}

const symbolNames = Object.keys(RULES);
const symbolIndex = new Map(symbolNames.map((name, index) => [name, index]));

function item(name: string): Item {
  const index = symbolIndex.get(name);
  return index === undefined ? wordId(name) : -1 - index;
}

export const PRODUCTIONS: readonly (readonly Production[])[] = symbolNames.map((name) => {
  const alternatives = RULES[name]!;
  const total = alternatives.reduce((sum, [weight]) => sum + weight, 0);
  return alternatives.map(([weight, symbols]) => ({
    probability: weight / total,
    items: symbols.split(' ').map(item),
  }));
});

/** The ways to rewrite an item, or null for a word. */
export const productionsOf = (at: Item): readonly Production[] | null => (at < 0 ? PRODUCTIONS[-1 - at]! : null);

/** Ids of an opening's prompt, beginning token first. */
export const promptIds = (opening: Opening): number[] => [BEGINNING, ...wordIds(opening.words)];

/** Every prompt of the grammar with the symbol its completions are drawn from. */
export const STARTS: readonly { readonly prompt: readonly number[]; readonly symbol: Item }[] = OPENINGS.map(
  (opening) => ({ prompt: promptIds(opening), symbol: item(opening.symbol) }),
);

interface Review {
  readonly prompt: number[];
  /** Ends with the end token. */
  readonly completion: number[];
}

interface Derivation extends Review {
  /** log p of the rules drawn for the completion, given its prompt, in nats. */
  readonly logProbability: number;
}

/** Review number `index` of a seed, with the log-probability of its derivation. */
export function sampleDerivation(seed: number, index: number): Derivation {
  const row = index % 2 ** ROW_BITS;
  const step = Math.floor(index / 2 ** ROW_BITS);
  let token = 0;
  const draw = (): number => uniform({ seed, stream: STREAM.corpus, step, row, token: token++ });

  const { prompt, symbol } = STARTS[Math.floor(draw() * STARTS.length)]!;
  const completion: number[] = [];
  let logProbability = 0;
  const expand = (at: Item): void => {
    const productions = productionsOf(at);
    if (productions === null) {
      completion.push(at);
      return;
    }
    const production = pick(productions, draw);
    logProbability += Math.log(production.probability);
    production.items.forEach(expand);
  };
  expand(symbol);
  completion.push(END);
  return { prompt: [...prompt], completion, logProbability };
}

/** Review number `index` (from 0) of a seed: any review can be drawn by itself, in any order. */
export function sampleReview(seed: number, index: number): Review {
  const { prompt, completion } = sampleDerivation(seed, index);
  return { prompt, completion };
}

function pick(productions: readonly Production[], draw: () => number): Production {
  let rest = productions.length === 1 ? 0 : draw();
  for (const production of productions) {
    rest -= production.probability;
    if (rest < 0) return production;
  }
  return productions.at(-1)!; // rounding only
}
