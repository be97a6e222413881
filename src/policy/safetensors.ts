/**
 * The safetensors file format: eight bytes of header length, a JSON header, then the tensors' bytes
 * (https://github.com/huggingface/safetensors). Float32 only.
 */
export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly NamedTensor[];
}

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const LENGTH_BYTES = 8;
/** The format's own limit on the header. */
const MAXIMUM_HEADER = 100_000_000;

export function encodeSafetensors({ metadata, tensors }: SafetensorsFile): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
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
  if (headerLength > Math.min(MAXIMUM_HEADER, bytes.length - LENGTH_BYTES)) {
    throw new Error('the file is not safetensors: its header would be longer than the file');
  }
  const header = parseHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerLength));
  const data = bytes.subarray(LENGTH_BYTES + headerLength);
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isObject(metadata)) throw new Error('the file is not safetensors: its metadata is not an object');
  return {
    metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)])),
    tensors: Object.entries(entries).map(([name, entry]) => readTensor(name, entry, data)),
  };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Error('the file is not safetensors: its header is not JSON');
  }
  if (!isObject(header)) throw new Error('the file is not safetensors: its header is not an object');
  return header;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readTensor(name: string, entry: unknown, data: Uint8Array): NamedTensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (dtype !== 'F32') throw new Error(`tensor ${name} has type ${String(dtype)}; only F32 is read`);
  const whole = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(whole) || !Array.isArray(offsets) || !offsets.every(whole)) {
    throw new Error(`tensor ${name} has no proper shape or offsets`);
  }
  const [start, end] = offsets as number[];
  const size = (shape as number[]).reduce((a, b) => a * b, 1);
  if (start === undefined || end === undefined || end - start !== 4 * size || end > data.length) {
    throw new Error(`tensor ${name} does not lie within the file`);
  }
  // A copy, because the bytes need not be aligned to floats; not by slice, which does not copy a Node Buffer.
  const copy = new Uint8Array(data.subarray(start, end));
  return { name, shape: shape as number[], values: new Float32Array(copy.buffer) };
}
