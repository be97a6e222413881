import { foreign } from '../math/foreign';
import { parseJson } from '../math/json';
import { sizeOf } from './parameters';
import { encodeSafetensors, parseSafetensors } from './safetensors';
import { refuseSizes, transformerLayout, type TransformerSizes } from './transformer';

/** A transformer's weights with all that is needed to run them. */
export interface Checkpoint {
  readonly sizes: TransformerSizes;
  readonly vocabulary: readonly string[];
  /** In the layout's order. // [N] */
  readonly weights: Float32Array;
  /** How it came to be: data, seed, steps, loss. */
  readonly origin: Readonly<Record<string, string>>;
}

const FORMAT = 'pilaf-lab/transformer';
const SIZE_NAMES = ['vocabulary', 'width', 'layers', 'heads', 'hidden', 'promptLength', 'completionLength'] as const;
const MAXIMUM_SIZE = 65_536;

export function encodeCheckpoint({ sizes, vocabulary, weights, origin }: Checkpoint): Uint8Array<ArrayBuffer> {
  let at = 0;
  const tensors = transformerLayout(sizes).map(({ name, shape }) => {
    const values = weights.subarray(at, (at += sizeOf(shape)));
    return { name, shape, values };
  });
  const metadata = { ...origin, format: FORMAT, sizes: JSON.stringify(sizes), words: vocabulary.join(' ') };
  return encodeSafetensors({ metadata, tensors });
}

/**
 * Reads a checkpoint from an untrusted source for a task with the given vocabulary.
 * Throws an Error that says what is broken or foreign about it.
 */
export function parseCheckpoint(bytes: Uint8Array, vocabulary: readonly string[]): Checkpoint {
  const { metadata, tensors } = parseSafetensors(bytes);
  const { format, sizes: sizesText, words, ...origin } = metadata;
  if (format !== FORMAT) {
    const known = /^pilaf-lab[/][a-z]{1,20}$/.test(format ?? '');
    throw new Error(
      known
        ? `the file is of this program, but not a transformer's checkpoint: its format is ${format}`
        : 'the file is safetensors, but not a checkpoint of this program',
    );
  }
  const sizes = parseSizes(sizesText ?? '');
  if (words !== vocabulary.join(' ') || sizes.vocabulary !== vocabulary.length) {
    throw new Error('the checkpoint has another vocabulary than this task');
  }
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  // All tensors before any memory: the sizes are only what the file says of itself.
  const parts = transformerLayout(sizes).map(({ name, shape }) => {
    const tensor = byName.get(name);
    if (!tensor) throw new Error(`the checkpoint lacks the tensor ${name}`);
    if (tensor.shape.join('×') !== shape.join('×')) {
      throw new Error(`tensor ${name} has shape ${tensor.shape.join('×')}; expected ${shape.join('×')}`);
    }
    if (!(tensor.values instanceof Float32Array)) throw new Error(`tensor ${name} is not of type F32`);
    if (!tensor.values.every(Number.isFinite)) throw new Error(`tensor ${name} holds numbers that are not finite`);
    return tensor.values;
  });
  const weights = new Float32Array(parts.reduce((n, values) => n + values.length, 0));
  let at = 0;
  for (const values of parts) {
    weights.set(values, at);
    at += values.length;
  }
  return { sizes, vocabulary, weights, origin };
}

function parseSizes(text: string): TransformerSizes {
  let sizes: Record<string, unknown>;
  try {
    sizes = parseJson(text) as Record<string, unknown>;
  } catch {
    throw new Error('the checkpoint does not say its sizes');
  }
  for (const name of SIZE_NAMES) {
    const value = sizes?.[name];
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > MAXIMUM_SIZE) {
      throw new Error(
        `the checkpoint's ${name} is ${foreign(String(value))}; expected a whole number from 1 to ${MAXIMUM_SIZE}`,
      );
    }
  }
  const checked = sizes as unknown as TransformerSizes;
  refuseSizes(checked);
  return checked;
}
