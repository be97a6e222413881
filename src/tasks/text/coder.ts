import { Tokenizer } from '@huggingface/tokenizers';
import { isObject, messageOf } from '../../math/foreign';
import { BEGINNING, END, PADDING } from '../task';

/** Texts as token ids and back. */
export interface TextCoder {
  /** What each id adds to a text; nothing for special tokens. */
  readonly pieces: readonly string[];
  encode(text: string): number[];
}

/** What a special token is called in the vocabularies of Llama's family. */
const SPECIAL: Readonly<Record<number, readonly string[]>> = {
  [PADDING]: ['<pad>', '<unk>'],
  [BEGINNING]: ['<s>'],
  [END]: ['</s>'],
};

/**
 * Reads a `tokenizer.json` of Hugging Face from an untrusted source; throws an Error that says what is broken or foreign
 * about it.
 */
export function readCoder(json: string): TextCoder {
  let tokenizer: Tokenizer;
  try {
    const file: unknown = JSON.parse(json);
    if (!isObject(file)) throw new Error('it is not an object');
    tokenizer = new Tokenizer(file, {});
  } catch (error) {
    throw new Error(`tokenizer.json cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const size = tokenizer.get_vocab(true).size;
  for (const [id, names] of Object.entries(SPECIAL)) {
    const token = tokenizer.id_to_token(Number(id));
    if (token === undefined || !names.includes(token)) {
      throw new Error(`tokenizer.json: token ${id} is not ${names.join(' or ')}, which Llama’s family has there`);
    }
  }
  return {
    pieces: piecesOf(tokenizer, size),
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
  };
}

/** What follows a letter, because many decoders drop the space before a text's first word. */
function piecesOf(tokenizer: Tokenizer, size: number): string[] {
  const anchor = tokenizer.encode('a', { add_special_tokens: false }).ids;
  const before = tokenizer.decode(anchor, { clean_up_tokenization_spaces: false }).length;
  const special = new Set(Object.keys(SPECIAL).map(Number));
  return Array.from({ length: size }, (_, id) =>
    special.has(id) ? '' : tokenizer.decode([...anchor, id], { clean_up_tokenization_spaces: false }).slice(before),
  );
}
