import { productionsOf, STARTS, type Item } from './grammar';

/**
 * Exact numbers of the grammar, by recursion over its rules: no symbol reaches itself, so every sum is finite.
 *
 * A derivation's rules are drawn independently, so its expected −log p adds up along the rules:
 * H(A) = Σ_r p_r·(−log p_r + Σ_{B in r} H(B)). The grammar is unambiguous (one derivation per string, given the
 * prompt, see `words.ts` and `rules.ts`; tests compare with the summed probability), so this is the entropy of the
 * strings and not only of the derivations.
 */
interface Moments {
  /** Expected −log p, nats. */
  readonly entropy: number;
  /** Expected number of words. */
  readonly length: number;
  readonly shortest: number;
  readonly longest: number;
}

const WORD: Moments = { entropy: 0, length: 1, shortest: 1, longest: 1 };
const known = new Map<Item, Moments>();

function momentsOf(at: Item): Moments {
  const productions = productionsOf(at);
  if (productions === null) return WORD;
  const before = known.get(at);
  if (before !== undefined) return before;
  const moments = { entropy: 0, length: 0, shortest: Infinity, longest: 0 };
  for (const { probability, items } of productions) {
    const parts = items.map(momentsOf);
    const sum = (key: keyof Moments): number => parts.reduce((total, part) => total + part[key], 0);
    moments.entropy += probability * (sum('entropy') - Math.log(probability));
    moments.length += probability * sum('length');
    moments.shortest = Math.min(moments.shortest, sum('shortest'));
    moments.longest = Math.max(moments.longest, sum('longest'));
  }
  known.set(at, moments);
  return moments;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Completion lengths over all prompts, in tokens with the end token. */
export function completionLengths(): { shortest: number; mean: number; longest: number } {
  const all = STARTS.map(({ symbol }) => momentsOf(symbol));
  return {
    shortest: Math.min(...all.map(({ shortest }) => shortest)) + 1,
    mean: mean(all.map(({ length }) => length)) + 1,
    longest: Math.max(...all.map(({ longest }) => longest)) + 1,
  };
}

/** Entropy of a completion given its prompt, mean over the prompts, in nats; exact. */
export const entropyPerCompletion = (): number => mean(STARTS.map(({ symbol }) => momentsOf(symbol).entropy));

/**
 * Expected −log p of a completion given its prompt, over the expected number of its tokens (end token included), in
 * nats: the token-averaged loss of a perfect model of the grammar, and so the floor of pretraining. Exact.
 */
export const entropyPerWord = (): number => entropyPerCompletion() / completionLengths().mean;
