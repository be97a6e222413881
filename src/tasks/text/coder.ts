import { Tokenizer } from '@huggingface/tokenizers';
import { isObject, messageOf } from '../../math/foreign';

/** Texts as token ids and back. */
export interface TextCoder {
  /** What each id adds to a text; nothing for special tokens. */
  readonly pieces: readonly string[];
  encode(text: string): number[];
}

/**
 * Reads a `tokenizer.json` of Hugging Face from an untrusted source; throws an Error that says what is broken or foreign
 * about it.
 *
 * @param special tokens that are no text: they begin, end and pad
 */
export function readCoder(json: string, special: readonly number[]): TextCoder {
  let tokenizer: Tokenizer;
  try {
    const file: unknown = JSON.parse(json);
    if (!isObject(file)) throw new Error('it is not an object');
    tokenizer = new Tokenizer(file, {});
  } catch (error) {
    throw new Error(`tokenizer.json cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return {
    pieces: piecesOf(tokenizer, new Set(special)),
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
  };
}

/** What follows a letter, because many decoders drop the space before a text's first word. */
function piecesOf(tokenizer: Tokenizer, special: ReadonlySet<number>): string[] {
  const anchor = tokenizer.encode('a', { add_special_tokens: false }).ids;
  const before = tokenizer.decode(anchor, { clean_up_tokenization_spaces: false }).length;
  return Array.from({ length: tokenizer.get_vocab(true).size }, (_, id) =>
    special.has(id) ? '' : tokenizer.decode([...anchor, id], { clean_up_tokenization_spaces: false }).slice(before),
  );
}
