/** JSON that somebody else wrote. Some of it would take gigabytes, or the stack, so it is looked over before it is read. */

/** No file of ours is as deep. Whoever walks through a deeper one may exhaust the stack. */
const MOST_LEVELS = 100;
/** Lists and objects count, too. One takes up to seventy bytes; in a file of results it has some twenty letters. */
export const MOST_VALUES = 3_000_000;
/** Names that differ: one takes over a hundred bytes. The largest vocabularies that are published have 262,144. */
const MOST_NAMES = 300_000;

/** Of a name its hash alone is kept (FNV-1a's, without an offset), in so many bits. */
const HASH_BITS = 23;
const HASH_FACTOR = 16777619;

/** Of what lies beside a model's weights: the largest tokenizers that are published have half of this. */
export const MOST_JSON_BYTES = 64 * 2 ** 20;

/** By their codes: a file may have a hundred million letters. */
const LETTERS = { quote: 34, comma: 44, colon: 58, list: 91, escape: 92, listEnd: 93, object: 123, objectEnd: 125 };

/**
 * What a text holds. Throws an Error whose message goes behind the text's name: what it has too much of, or "is not
 * JSON".
 *
 * @param mostValues lists and objects count, too
 */
export function parseJson(text: string, mostValues = MOST_VALUES): unknown {
  const excess = excessIn(text, mostValues);
  if (excess !== null) throw new Error(`has more than ${excess}`);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error('is not JSON', { cause: error });
  }
}

/** What a text of JSON has too much of, with how much is allowed; null where nothing. It counts without reading. */
export function excessIn(text: string, mostValues = MOST_VALUES): string | null {
  // A shorter text has no room for so many names.
  const isNew = text.length > MOST_NAMES ? firstTime() : () => false;
  let [levels, values, names, hash, quoted] = [0, 0, 0, 0, false];
  for (let at = 0; at < text.length; at++) {
    const letter = text.charCodeAt(at);
    if (letter === LETTERS.quote) {
      if (!quoted) hash = 0;
      quoted = !quoted;
    } else if (quoted) {
      hash = Math.imul(hash ^ letter, HASH_FACTOR);
      if (letter === LETTERS.escape) at++;
    } else if (letter === LETTERS.colon) {
      if (isNew(hash) && ++names > MOST_NAMES) return `${MOST_NAMES} different names`;
    } else if (letter === LETTERS.comma) values++;
    else if (letter === LETTERS.list || letter === LETTERS.object) {
      if (++levels > MOST_LEVELS) return `${MOST_LEVELS} levels of lists and objects`;
      values++;
    } else if (letter === LETTERS.listEnd || letter === LETTERS.objectEnd) levels--;
    if (values > mostValues) return `${mostValues} values`;
  }
  return null;
}

/** Whether a hash comes for the first time. Each has a bit, so of 300,000 names some 2% are taken for others. */
function firstTime(): (hash: number) => boolean {
  const seen = new Uint8Array(2 ** (HASH_BITS - 3));
  return (hash) => {
    const bit = hash >>> (32 - HASH_BITS);
    const [place, mask] = [bit >>> 3, 1 << (bit & 7)];
    const isFirst = (seen[place]! & mask) === 0;
    seen[place]! |= mask;
    return isFirst;
  };
}
