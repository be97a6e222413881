/**
 * A byte-pair vocabulary, learnt from a text (Sennrich et al. 2016) as Hugging Face's `BpeTrainer` learns it: words are
 * cut as GPT-2 cuts them, their bytes are written as letters, and the commonest pair of neighbours is merged until the
 * vocabulary is full or no pair occurs twice. Of equally common pairs the one with the smaller ids comes first.
 */

/** Their ids are 0 to 3. */
export const SPECIAL = ['<pad>', '<s>', '</s>', '<unk>'] as const;

/** A word with the space before it, or marks, or spaces. */
const WORD = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** Pairs that occur once are not worth a token. */
const LEAST = 2;

/**
 * Throws URIError for half a letter of UTF-16, which plain texts have none of.
 *
 * @param size of the vocabulary at most; the bytes that occur and the special tokens are in it in any case
 * @returns a `tokenizer.json`
 */
export function trainTokenizer(text: string, size: number): string {
  const words = countWords(text);
  const letters = [...new Set(words.flatMap(({ word }) => [...word]))].toSorted(byCode);
  const tokens: string[] = [...SPECIAL, ...letters];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const spelt = words.map(({ word, count }) => ({ ids: Array.from(word, (letter) => ids.get(letter)!), count }));
  const pairs = new Pairs(spelt);
  const merges: [string, string][] = [];
  while (tokens.length < size) {
    const pair = pairs.commonest();
    if (!pair) break;
    const [left, right] = [tokens[pair[0]]!, tokens[pair[1]]!];
    merges.push([left, right]);
    // Two merges may spell the same token.
    const known = ids.get(left + right);
    const merged = known ?? tokens.push(left + right) - 1;
    ids.set(left + right, merged);
    pairs.merge(pair, merged);
  }
  return tokenizerJson(tokens, merges);
}

const byCode = (a: string, b: string): number => a.codePointAt(0)! - b.codePointAt(0)!;

/** GPT-2's letters for bytes: those that can be printed stand for themselves, the others follow from 256 on. */
const LETTERS = Array.from({ length: 256 }, (_, byte) => byte);
const isPrinted = (byte: number) =>
  (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
LETTERS.filter((byte) => !isPrinted(byte)).forEach((byte, i) => (LETTERS[byte] = 256 + i));

/** In UTF-8, a byte a letter. */
const spelling = (word: string): string =>
  encodeURIComponent(word).replace(/%(..)|[^]/g, (letter, hex?: string) =>
    String.fromCodePoint(LETTERS[hex === undefined ? letter.charCodeAt(0) : parseInt(hex, 16)]!),
  );

function countWords(text: string): { readonly word: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const [word] of text.matchAll(WORD)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Array.from(counts, ([word, count]) => ({ word: spelling(word), count }));
}

interface Spelt {
  ids: number[];
  readonly count: number;
}

/** A pair as one number. */
const keyOf = (left: number, right: number): number => left * 2 ** 20 + right;
const pairOf = (key: number): readonly [number, number] => [Math.floor(key / 2 ** 20), key % 2 ** 20];

/** How often each pair of neighbours occurs, and in which words. */
class Pairs {
  readonly #counts = new Map<number, number>();
  readonly #words = new Map<number, Set<Spelt>>();

  constructor(words: readonly Spelt[]) {
    for (const word of words) this.#count(word, 1);
  }

  /** Null where none occurs often enough. */
  commonest(): readonly [number, number] | null {
    let [best, most] = [Infinity, LEAST];
    for (const [key, count] of this.#counts) {
      if (count > most || (count === most && key < best)) [best, most] = [key, count];
    }
    return best === Infinity ? null : pairOf(best);
  }

  merge([left, right]: readonly [number, number], merged: number): void {
    for (const word of this.#words.get(keyOf(left, right)) ?? []) {
      this.#count(word, -1);
      word.ids = mergedIds(word.ids, left, right, merged);
      this.#count(word, 1);
    }
  }

  #count(word: Spelt, sign: 1 | -1): void {
    for (let i = 1; i < word.ids.length; i++) {
      const key = keyOf(word.ids[i - 1]!, word.ids[i]!);
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + sign * word.count);
      if (sign > 0) this.#wordsWith(key).add(word);
    }
  }

  #wordsWith(key: number): Set<Spelt> {
    const known = this.#words.get(key) ?? new Set();
    this.#words.set(key, known);
    return known;
  }
}

function mergedIds(ids: readonly number[], left: number, right: number, merged: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    const isPair = ids[i] === left && ids[i + 1] === right;
    out.push(isPair ? merged : ids[i]!);
    if (isPair) i++;
  }
  return out;
}

function tokenizerJson(tokens: readonly string[], merges: readonly (readonly [string, string])[]): string {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => ({ id, content, ...flags })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  });
}
