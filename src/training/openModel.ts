import { MOST_JSON_BYTES } from '../math/json';
import { parseLlama2c, tokenizerOf } from '../policy/llama2c';
import { encodeTextModel, textModelOf, type Asked, type TextModel } from '../policy/textModel';
import prompts from '../tasks/text/prompts.json';
import { readCoder } from '../tasks/text/coder';
import { readTextModel, type ReadTextModel } from './textTask';

const COMPLETION_LENGTH = 48;

/** What a model is asked that comes without prompts of its own; as long as the longest is for its tokenizer. */
function askedOf(tokenizer: string): Asked {
  const coder = readCoder(tokenizer, []);
  const lengths = [...prompts.training, ...prompts.test].map((prompt) => coder.encode(prompt).length);
  return { prompts, promptLength: 1 + Math.max(...lengths), completionLength: COMPLETION_LENGTH };
}

/** Files by their names, without folders. */
type ModelFiles = ReadonlyMap<string, Uint8Array>;

const MODEL_FILES =
  'one .safetensors that this program has written; config.json, model.safetensors and tokenizer.json of a Llama; or a .bin of llama2.c with its tokenizer.bin';

/** What a folder in Hugging Face's layout has of a model. */
export const FOLDER_FILES = ['config.json', 'tokenizer.json', 'model.safetensors'] as const;

/**
 * A text policy's one file, and the model in it, of files of an untrusted source in any of the three layouts. Throws an
 * Error that says in a sentence what is missing, broken or not supported.
 */
export function openModel(files: ModelFiles): { readonly bytes: Uint8Array; readonly model: ReadTextModel } {
  const names = [...files.keys()];
  const [only] = names;
  const isOne = names.length === 1 && only!.endsWith('.safetensors');
  const bytes = isOne ? files.get(only!)! : encodeTextModel(modelOf(files));
  return { bytes, model: readTextModel(bytes) };
}

function modelOf(files: ModelFiles): TextModel {
  const [config, tokenizer, weights] = FOLDER_FILES.map((name) => files.get(name));
  if (config && tokenizer && weights) {
    const json = textOf('tokenizer.json', tokenizer);
    return textModelOf({ config: textOf('config.json', config), tokenizer: json, weights }, askedOf(json));
  }
  const [, binary] = [...files].find(([name]) => /[.](bin|data)$/.test(name) && name !== 'tokenizer.bin') ?? [];
  if (!binary) throw new Error(`these files are no model; give ${MODEL_FILES}`);
  const { model, tokenizer: behind } = parseLlama2c(binary);
  const own = files.get('tokenizer.bin');
  const text = own ? tokenizerOf(own, model.sizes.vocabulary) : behind;
  if (text === null) throw new Error('the weights of llama2.c need a tokenizer.bin beside them');
  return { ...model, ...askedOf(text), tokenizer: text, origin: {} };
}

function textOf(name: string, bytes: Uint8Array): string {
  if (bytes.length > MOST_JSON_BYTES) throw new Error(`${name} is larger than ${MOST_JSON_BYTES / 2 ** 20} MiB`);
  return new TextDecoder().decode(bytes);
}
