import { foreign, messageOf } from '../math/foreign';
import { parseJson } from '../math/json';
import { parseLlama, encodeLlama, type LlamaModel } from './llama';
import { writtenFolder, type ModelFolder, type WrittenFolder } from './modelFolder';
import { encodeSafetensors, parseSafetensors } from './safetensors';

/**
 * A policy that writes plain text, in one file: a `model.safetensors` of Hugging Face's layout whose metadata carry its
 * `config.json` (as `llama`), its `tokenizer.json`, and the prompts that it is asked.
 */
export interface TextModel extends LlamaModel {
  /** `tokenizer.json`, as text. */
  readonly tokenizer: string;
  readonly prompts: Prompts;
  readonly promptLength: number;
  readonly completionLength: number;
  /** How it came to be. */
  readonly origin: Readonly<Record<string, string>>;
}

/** Beginnings of texts, in words: for training, and held out for evaluations. */
export interface Prompts {
  readonly training: readonly string[];
  readonly test: readonly string[];
}

const MOST_PROMPTS = 1024;
const MOST_CHARACTERS = 400;
const MOST_TOKENS = 256;

export function encodeTextModel(model: TextModel): Uint8Array<ArrayBuffer> {
  const { tokenizer, prompts, promptLength, completionLength, origin } = model;
  const { config, tensors } = encodeLlama(model, promptLength + completionLength);
  const metadata = {
    ...origin,
    // What `transformers` looks for.
    format: 'pt',
    llama: JSON.stringify(config),
    tokenizer,
    prompts: JSON.stringify(prompts),
    lengths: JSON.stringify({ promptLength, completionLength }),
  };
  return encodeSafetensors({ metadata, tensors });
}

/** What a folder does not say: what the policy is asked, and how long its texts are. */
export type Asked = Pick<TextModel, 'prompts' | 'promptLength' | 'completionLength'>;

/** A text policy from a folder of an untrusted source. Throws an Error that says what is broken or not supported. */
export function textModelOf({ config, tokenizer, weights }: ModelFolder, asked: Asked): TextModel {
  const { tensors } = parseSafetensors(weights);
  return { ...parseLlama(readJson('config.json', config), tensors), tokenizer, ...asked, origin: {} };
}

/** The folder of a text policy, as `transformers` loads it. */
export function folderOf(model: TextModel): WrittenFolder {
  return writtenFolder(model, model.promptLength + model.completionLength, model.tokenizer);
}

/** Reads such a file from an untrusted source. Throws an Error that says what is broken or foreign about it. */
export function parseTextModel(bytes: Uint8Array): TextModel {
  const { metadata, tensors } = parseSafetensors(bytes);
  const { format: _, llama, tokenizer, prompts, lengths, ...origin } = metadata;
  if (llama === undefined || tokenizer === undefined || prompts === undefined || lengths === undefined) {
    throw new Error('the file has weights, but not the config, tokenizer and prompts of a text policy');
  }
  const { promptLength, completionLength } = readJson('the file’s lengths', lengths) as Record<string, unknown>;
  return {
    ...parseLlama(readJson('the file’s llama', llama), tensors),
    tokenizer,
    prompts: readPrompts(readJson('the file’s prompts', prompts)),
    promptLength: readLength('promptLength', promptLength),
    completionLength: readLength('completionLength', completionLength),
    origin,
  };
}

/** A part of a file's metadata; throws an Error that names it where it is no JSON. */
export function readJson(name: string, text: string): object {
  let found: unknown;
  try {
    found = parseJson(text);
  } catch (error) {
    throw new Error(`${name} ${messageOf(error)}`, { cause: error });
  }
  if (typeof found === 'object' && found !== null) return found;
  throw new Error(`${name} is not a JSON object`);
}

function readLength(name: string, value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST_TOKENS) return value as number;
  throw new Error(`the file's ${name} is ${foreign(String(value))}; expected a whole number from 1 to ${MOST_TOKENS}`);
}

function readPrompts(found: object): Prompts {
  const listOf = (name: string): string[] => {
    const list: unknown = (found as Record<string, unknown>)[name];
    const isText = (one: unknown) => typeof one === 'string' && one.length > 0 && one.length <= MOST_CHARACTERS;
    if (!Array.isArray(list) || list.length < 1 || list.length > MOST_PROMPTS || !list.every(isText)) {
      throw new Error(
        `the file's ${name} prompts are not a list of 1 to ${MOST_PROMPTS} texts of up to ${MOST_CHARACTERS} characters`,
      );
    }
    return list as string[];
  };
  return { training: listOf('training'), test: listOf('test') };
}
