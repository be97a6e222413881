import { encodeLlama, type LlamaModel } from './llama';
import { encodeSafetensors } from './safetensors';

/** The files of a model's folder as Hugging Face has it, in text and bytes. */
export interface ModelFolder {
  /** `config.json` */
  readonly config: string;
  /** `tokenizer.json` */
  readonly tokenizer: string;
  /** `model.safetensors` */
  readonly weights: Uint8Array;
}

/** As we write it: with what `transformers` wants to be told of a tokenizer besides. */
export interface WrittenFolder extends ModelFolder {
  /** `tokenizer_config.json` */
  readonly tokenizerConfig: string;
}

/** @param positions the longest text, in tokens */
export function writtenFolder(model: LlamaModel, positions: number, tokenizer: string): WrittenFolder {
  const { config, tensors } = encodeLlama(model, positions);
  const name = tokenNames(tokenizer);
  return {
    config: jsonFile(config),
    tokenizer,
    tokenizerConfig: jsonFile({
      tokenizer_class: 'PreTrainedTokenizerFast',
      pad_token: name(0),
      bos_token: name(model.beginning),
      eos_token: name(model.ends[0]!),
      padding_side: 'left',
      clean_up_tokenization_spaces: false,
    }),
    weights: encodeSafetensors({ metadata: { format: 'pt' }, tensors }),
  };
}

/** Its files by their names. */
export const folderFiles = (folder: WrittenFolder): Record<string, string | Uint8Array> => ({
  'config.json': folder.config,
  'tokenizer.json': folder.tokenizer,
  'tokenizer_config.json': folder.tokenizerConfig,
  'model.safetensors': folder.weights,
});

export const jsonFile = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

interface TokenizerFile {
  readonly added_tokens?: readonly { readonly id: number; readonly content: string }[];
  readonly model: { readonly vocab: Readonly<Record<string, number>> | readonly (readonly [string, number])[] };
}

type Vocabulary = TokenizerFile['model']['vocab'];
const isList = (vocabulary: Vocabulary): vocabulary is readonly (readonly [string, number])[] =>
  Array.isArray(vocabulary);

/** A token as the tokenizer's own file calls it: one that is added, or one of the vocabulary. */
function tokenNames(tokenizer: string): (id: number) => string {
  const { added_tokens: added = [], model } = JSON.parse(tokenizer) as TokenizerFile;
  const words = isList(model.vocab)
    ? model.vocab.map(([word], id) => [id, word] as const)
    : Object.entries(model.vocab).map(([word, id]) => [id, word] as const);
  const names = new Map([...words, ...added.map(({ id, content }) => [id, content] as const)]);
  return (id) => names.get(id)!;
}
