import { BEGINNING, END } from '../task';
import { productionsOf, STARTS, type Item } from './grammar';
import { VOCABULARY } from './vocabulary';

/**
 * Which three words may stand in a row: those that do in some review of the grammar.
 *
 * The oracle charges for any others. It is the least it must know of wording to see that "excellent excellent" or
 * "good, so good, so nice" is no praise, and it stays cheap: one look-up a token.
 */

const size = VOCABULARY.length;

/** What shows of a part of a review at its two sides: single-word parts, and first and last pairs (a·size + b). */
interface Sides {
  readonly singles: ReadonlySet<number>;
  readonly firstPairs: ReadonlySet<number>;
  readonly lastPairs: ReadonlySet<number>;
}

const word = (id: number): Sides => ({ singles: new Set([id]), firstPairs: new Set(), lastPairs: new Set() });

const firstWords = ({ singles, firstPairs }: Sides): Set<number> =>
  new Set([...singles, ...[...firstPairs].map((pair) => Math.floor(pair / size))]);
const lastWords = ({ singles, lastPairs }: Sides): Set<number> =>
  new Set([...singles, ...[...lastPairs].map((pair) => pair % size)]);

/** Numbers a·factor + b for all a of one set and b of another. */
function* products(lefts: Iterable<number>, factor: number, rights: ReadonlySet<number>): Generator<number> {
  for (const left of lefts) for (const right of rights) yield left * factor + right;
}

function collectTriples(): ReadonlySet<number> {
  const triples = new Set<number>();
  const known = new Map<Item, Sides>();

  /** The sides of `left` followed by `right`; the triples across the seam are noted. */
  const join = (left: Sides, right: Sides): Sides => {
    const before = lastWords(left);
    const after = firstWords(right);
    for (const triple of products(left.lastPairs, size, after)) triples.add(triple);
    for (const triple of products(before, size * size, right.firstPairs)) triples.add(triple);
    return {
      singles: new Set(),
      firstPairs: new Set([...left.firstPairs, ...products(left.singles, size, after)]),
      lastPairs: new Set([...right.lastPairs, ...products(before, size, right.singles)]),
    };
  };

  const sidesOf = (at: Item): Sides => {
    const productions = productionsOf(at);
    if (productions === null) return word(at);
    const before = known.get(at);
    if (before !== undefined) return before;
    const ways = productions.map(({ items }) => items.map(sidesOf).reduce(join));
    const union = (key: keyof Sides): Set<number> => new Set(ways.flatMap((way) => [...way[key]]));
    const sides = { singles: union('singles'), firstPairs: union('firstPairs'), lastPairs: union('lastPairs') };
    known.set(at, sides);
    return sides;
  };

  for (const { prompt, symbol } of STARTS) [...prompt.map(word), sidesOf(symbol), word(END)].reduce(join);
  return triples;
}

const triples = collectTriples();

/** Whether some review has these three words in a row. */
export const isUsual = (first: number, second: number, third: number): boolean =>
  triples.has((first * size + second) * size + third);

/** The token `back` places from the end of a prompt, or the beginning where it is shorter. */
export const fromEnd = (prompt: readonly number[], back: number): number => prompt[prompt.length - back] ?? BEGINNING;
