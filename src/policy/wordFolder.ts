import type { Checkpoint } from './checkpoint';
import { jsonFile, writtenFolder, type WrittenFolder } from './modelFolder';

/** The tokens that begin and end every text, and fill up a batch. */
export interface SpecialTokens {
  readonly padding: number;
  readonly beginning: number;
  readonly end: number;
}

/** The folder of a policy of whole words, as `transformers` loads it. A text has a space between its words. */
export function wordFolder({ sizes, vocabulary, weights }: Checkpoint, special: SpecialTokens): WrittenFolder {
  const { promptLength, completionLength, ...own } = sizes;
  const model = { sizes: own, weights, beginning: special.beginning, ends: [special.end] };
  const tokenizer = jsonFile(wordTokenizer(vocabulary, special));
  return writtenFolder(model, promptLength + completionLength, tokenizer);
}

/** A `tokenizer.json` of Hugging Face's. */
function wordTokenizer(vocabulary: readonly string[], { padding, beginning, end }: SpecialTokens): object {
  const first = vocabulary[beginning]!;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [padding, beginning, end].map((id) => ({
      id,
      content: vocabulary[id],
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: first, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { [first]: { id: first, ids: [beginning], tokens: [first] } },
    },
    decoder: null,
    model: {
      type: 'WordLevel',
      vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
      unk_token: vocabulary[padding],
    },
  };
}
