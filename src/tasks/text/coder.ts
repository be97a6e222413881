import { Tokenizer } from '@huggingface/tokenizers';
import { foreign, isObject, messageOf } from '../../math/foreign';
import { parseJson } from '../../math/json';

/** Texts as token ids and back. */
export interface TextCoder {
  /** What each id adds to a text; nothing for special tokens. */
  readonly pieces: readonly string[];
  encode(text: string): number[];
  decode(ids: readonly number[]): string;
}

/**
 * Reads a `tokenizer.json` of Hugging Face from an untrusted source; throws an Error that says what is broken or foreign
 * about it.
 *
 * @param special tokens that are no text: they begin, end and pad
 */
export function readCoder(json: string, special: readonly number[]): TextCoder {
  try {
    const tokenizer = new Tokenizer(objectOf(json), {});
    return {
      pieces: piecesOf(tokenizer, new Set(special)),
      encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
      decode: (ids) => tokenizer.decode([...ids], { clean_up_tokenization_spaces: false }),
    };
  } catch (error) {
    // The library's own sentences are plain Errors; the others are JavaScript's.
    const isSentence = error instanceof Error && error.constructor === Error;
    const reason = isSentence ? foreign(error.message, 200) : 'it is not what Hugging Face’s tokenizers write';
    throw new Error(`tokenizer.json cannot be read: ${reason}`, { cause: error });
  }
}

function objectOf(json: string): object {
  let file: unknown;
  try {
    file = parseJson(json);
  } catch (error) {
    throw new Error(`it ${messageOf(error)}`, { cause: error });
  }
  if (isObject(file)) return file;
  throw new Error('it is not a JSON object');
}

/** What follows a letter, because many decoders drop the space before a text's first word. */
function piecesOf(tokenizer: Tokenizer, special: ReadonlySet<number>): string[] {
  const anchor = tokenizer.encode('a', { add_special_tokens: false }).ids;
  const before = tokenizer.decode(anchor, { clean_up_tokenization_spaces: false }).length;
  return Array.from({ length: tokenizer.get_vocab(true).size }, (_, id) =>
    special.has(id) ? '' : tokenizer.decode([...anchor, id], { clean_up_tokenization_spaces: false }).slice(before),
  );
}
