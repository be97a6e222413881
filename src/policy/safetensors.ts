import { foreign, isObject, messageOf } from '../math/foreign';
import { MOST_JSON_BYTES, parseJson } from '../math/json';

/**
 * The safetensors file format: eight bytes of header length, a JSON header, then the tensors' bytes
 * (https://github.com/huggingface/safetensors). Of its types: F32, F64 and U8, and, read into float32, F16 and BF16.
 */
export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly NamedTensor[];
}

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: TensorValues;
}

export type TensorValues = Float32Array | Float64Array | Uint8Array;

const LENGTH_BYTES = 8;

/** What each type's values lie in, and, where that is not what they are, how they become float32. */
const TYPES = {
  F32: { array: Float32Array },
  F64: { array: Float64Array },
  U8: { array: Uint8Array },
  F16: { array: Uint16Array, toFloat: floatOfHalf },
  BF16: { array: Uint16Array, toFloat: (bits: number) => floatOfBits(bits << 16) },
} as const;
type TypeName = keyof typeof TYPES;

const TYPE_NAMES = Object.keys(TYPES) as TypeName[];

const typeOf = (values: TensorValues): TypeName =>
  values instanceof Float32Array ? 'F32' : values instanceof Float64Array ? 'F64' : 'U8';

export function encodeSafetensors({ metadata, tensors }: SafetensorsFile): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    header[name] = { dtype: typeOf(values), shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const json = JSON.stringify(header);
  // The data starts at a multiple of eight; the format allows trailing spaces in the header.
  const text = new TextEncoder().encode(json);
  const padded = Math.ceil(text.length / LENGTH_BYTES) * LENGTH_BYTES;
  const bytes = new Uint8Array(LENGTH_BYTES + padded + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + padded);
  bytes.set(text, LENGTH_BYTES);
  let at = LENGTH_BYTES + padded;
  for (const { values } of tensors) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}

/** Reads a file from an untrusted source; throws an Error that says what is broken. */
export function parseSafetensors(bytes: Uint8Array): SafetensorsFile {
  if (bytes.length < LENGTH_BYTES) throw new Error('the file is too short to be safetensors');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > bytes.length - LENGTH_BYTES) {
    throw new Error('the file is not safetensors: its header would be longer than the file');
  }
  const header = parseHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerLength));
  const data = bytes.subarray(LENGTH_BYTES + headerLength);
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isObject(metadata)) throw new Error('the file is not safetensors: its metadata is not an object');
  const places = Object.entries(entries).map(([name, entry]) => placeOf(name, entry, data.length));
  // Before anything is copied: overlapping tensors make a small file fill the memory.
  refuseOverlap(places);
  return {
    metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)])),
    tensors: places.map((place) => readTensor(place, data)),
  };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  const refused = (why: string) => new Error(`the file is not safetensors: its header ${why}`);
  // It may carry a whole tokenizer.
  if (bytes.length > MOST_JSON_BYTES) throw refused(`is longer than ${MOST_JSON_BYTES / 2 ** 20} MiB`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refused('is no text in UTF-8');
  }
  let header: unknown;
  try {
    header = parseJson(text);
  } catch (error) {
    throw refused(messageOf(error));
  }
  if (!isObject(header)) throw refused('is not an object');
  return header;
}

/** Where a tensor lies in the data, in bytes. */
interface TensorPlace {
  readonly name: string;
  readonly type: TypeName;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

function placeOf(name: string, entry: unknown, length: number): TensorPlace {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const type = TYPE_NAMES.find((known) => known === dtype);
  if (type === undefined) {
    const read = TYPE_NAMES.join(', ');
    throw new Error(`tensor ${foreign(name)} has type ${foreign(String(dtype))}; these are read: ${read}`);
  }
  const whole = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(whole) || !Array.isArray(offsets) || !offsets.every(whole)) {
    throw new Error(`tensor ${foreign(name)} has no proper shape or offsets`);
  }
  const [start, end] = offsets as number[];
  const size = TYPES[type].array.BYTES_PER_ELEMENT * (shape as number[]).reduce((a, b) => a * b, 1);
  if (start === undefined || end === undefined || end - start !== size || end > length) {
    throw new Error(`tensor ${foreign(name)} does not lie within the file`);
  }
  return { name, type, shape: shape as number[], start, end };
}

function refuseOverlap(places: readonly TensorPlace[]): void {
  const ordered = places.filter(({ start, end }) => end > start).toSorted((a, b) => a.start - b.start);
  ordered.forEach(({ name, start }, i) => {
    const before = ordered[i - 1];
    if (before && start < before.end)
      throw new Error(`the tensors ${foreign(before.name)} and ${foreign(name)} overlap in the file`);
  });
}

function readTensor({ name, type, shape, start, end }: TensorPlace, data: Uint8Array): NamedTensor {
  // A copy, because the bytes need not be aligned to numbers; not by slice, which does not copy a Node Buffer.
  const copy = new Uint8Array(data.subarray(start, end));
  const kind = TYPES[type];
  const values = new kind.array(copy.buffer);
  return {
    name,
    shape,
    values: 'toFloat' in kind ? Float32Array.from(values, kind.toFloat) : (values as TensorValues),
  };
}

const bitsView = new DataView(new ArrayBuffer(4));

function floatOfBits(bits: number): number {
  bitsView.setInt32(0, bits);
  return bitsView.getFloat32(0);
}

/** IEEE 754 binary16: a sign, five bits of exponent, ten of fraction. */
function floatOfHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
