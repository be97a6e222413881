import type { LlamaModel } from '../policy/llama';
import { PADDING } from '../tasks/task';
import { readCoder, type TextCoder } from '../tasks/text/coder';

/** A model's tokenizer, read; throws an Error where it is broken or does not fit the model. */
export function modelCoder({
  tokenizer,
  sizes,
  beginning,
  ends,
}: Pick<LlamaModel, 'sizes' | 'beginning' | 'ends'> & { readonly tokenizer: string }): TextCoder {
  const coder = readCoder(tokenizer, [PADDING, beginning, ...ends]);
  if (coder.pieces.length === sizes.vocabulary) return coder;
  throw new Error(`the tokenizer has ${coder.pieces.length} tokens; the model's vocabulary has ${sizes.vocabulary}`);
}
