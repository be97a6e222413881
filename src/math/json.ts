/** JSON that somebody else wrote. Some of it would take gigabytes, or the stack, so it is looked over before it is read. */

/** No file of ours is as deep. Whoever walks through a deeper one may exhaust the stack. */
const MOST_LEVELS = 100;
/** Lists and objects in a file: millions of empty ones take gigabytes, and minutes. */
export const MOST_PARTS = 4_000_000;

/** Of what lies beside a model's weights: the largest tokenizers that are published have half of this. */
export const MOST_JSON_BYTES = 64 * 2 ** 20;

/** By their codes: a file may have a hundred million letters. */
const LETTERS = { quote: 34, escape: 92, list: 91, listEnd: 93, object: 123, objectEnd: 125 };

/**
 * What a text holds. Throws an Error whose message goes behind the text's name: what it has too much of, or "is not
 * JSON".
 *
 * @param mostParts lists and objects that it may have
 */
export function parseJson(text: string, mostParts = MOST_PARTS): unknown {
  refuseExcess(text, mostParts);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error('is not JSON', { cause: error });
  }
}

/** Counts without reading. */
function refuseExcess(text: string, mostParts: number): void {
  let [levels, parts, quoted] = [0, 0, false];
  for (let at = 0; at < text.length; at++) {
    const letter = text.charCodeAt(at);
    if (letter === LETTERS.quote) quoted = !quoted;
    else if (quoted) at += letter === LETTERS.escape ? 1 : 0;
    else if (letter === LETTERS.list || letter === LETTERS.object) {
      if (++levels > MOST_LEVELS) throw new Error(`has more than ${MOST_LEVELS} levels of lists and objects`);
      if (++parts > mostParts) throw new Error(`has more than ${mostParts} lists and objects`);
    } else if (letter === LETTERS.listEnd || letter === LETTERS.objectEnd) levels--;
  }
}
