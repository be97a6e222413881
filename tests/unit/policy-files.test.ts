import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { philox4x32 } from '../../src/math/philox';
import { encodeCheckpoint, parseCheckpoint, type Checkpoint } from '../../src/policy/checkpoint';
import { sizeOf } from '../../src/policy/parameters';
import { encodeSafetensors, parseSafetensors } from '../../src/policy/safetensors';
import { transformerLayout } from '../../src/policy/transformer';
import { parseReviewsCheckpoint } from '../../src/training/reviewsTask';

const WORDS = ['<pad>', '<begin>', '<end>', 'good', 'food', '.'];
const SIZES = { vocabulary: 6, width: 16, layers: 1, heads: 2, hidden: 12, promptLength: 3, completionLength: 4 };

function checkpoint(): Checkpoint {
  const count = transformerLayout(SIZES).reduce((n, p) => n + sizeOf(p.shape), 0);
  const weights = Float32Array.from({ length: count }, (_, i) => Math.sin(i) / 3);
  return { sizes: SIZES, vocabulary: WORDS, weights, origin: { data: 'a grammar', seed: '7' } };
}

/** A file of our own making: header and data as given, the length in front. */
function file(header: unknown, data: Uint8Array = new Uint8Array(0), length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

/** The message of what is thrown: always a plain Error made on purpose, with a sentence of one line. */
function complaint(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).constructor, String(error)).toBe(Error);
    const { message } = error as Error;
    expect(message).toMatch(/^[^\n]{10,200}$/);
    return message;
  }
  throw new Error('nothing was thrown');
}

describe('safetensors', () => {
  const tensors = [
    { name: 'a', shape: [2, 3], values: Float32Array.from([1, -2, 3.5, 0, 1e-30, -1e30]) },
    { name: 'lone', shape: [], values: Float32Array.from([7]) },
    { name: 'empty', shape: [0, 4], values: new Float32Array(0) },
    { name: 'ünïcode', shape: [1], values: Float32Array.from([0.1]) },
  ];

  it('come back as they were written', () => {
    const bytes = encodeSafetensors({ metadata: { by: 'us', note: 'größer' }, tensors });
    expect(parseSafetensors(bytes)).toEqual({ metadata: { by: 'us', note: 'größer' }, tensors });
  });

  it('follow the format: a little-endian length, a JSON header, data at a multiple of eight', () => {
    const bytes = encodeSafetensors({ metadata: {}, tensors });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<string, unknown>;
    expect(header.a).toEqual({ dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] });
    expect(header.lone).toEqual({ dtype: 'F32', shape: [], data_offsets: [24, 28] });
    expect(bytes.length).toBe(8 + length + 32);
  });

  it('are read from any offset of a buffer', () => {
    const bytes = encodeSafetensors({ metadata: {}, tensors });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(parseSafetensors(shifted.subarray(3)).tensors).toEqual(tensors);
  });

  it('hold numbers of double precision and bytes too', () => {
    const mixed = [
      { name: 'bytes', shape: [3], values: Uint8Array.of(1, 2, 255) },
      { name: 'doubles', shape: [1, 2], values: Float64Array.of(0.1, NaN) },
    ];
    expect(parseSafetensors(encodeSafetensors({ metadata: {}, tensors: mixed })).tensors).toEqual(mixed);
  });

  it('are refused where they overlap, before anything is copied', () => {
    // A thousand tensors of the same megabyte: copied, they would be a gigabyte.
    const all = Array.from({ length: 1000 }, (_, i) => [
      `t${i}`,
      { dtype: 'F32', shape: [250_000], data_offsets: [0, 1_000_000] },
    ]);
    const bytes = file(Object.fromEntries(all), new Uint8Array(1_000_000));
    const before = process.memoryUsage().arrayBuffers;
    expect(complaint(() => parseSafetensors(bytes))).toBe('the tensors t0 and t1 overlap in the file');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10e6);
    const partly = {
      a: { dtype: 'U8', shape: [5], data_offsets: [0, 5] },
      b: { dtype: 'U8', shape: [4], data_offsets: [4, 8] },
    };
    expect(complaint(() => parseSafetensors(file(partly, new Uint8Array(8))))).toMatch(/a and b overlap/);
  });

  it('may lack metadata', () => {
    const found = parseSafetensors(file({ x: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }, new Uint8Array(4)));
    expect(found).toEqual({ metadata: {}, tensors: [{ name: 'x', shape: [1], values: new Float32Array(1) }] });
  });

  const entry = (more: object) => ({ x: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...more } });
  it.each([
    ['nothing', new Uint8Array(0), /too short/],
    ['seven bytes', new Uint8Array(7), /too short/],
    ['a header longer than the file', file({}, undefined, 1000n), /header would be longer than the file/],
    ['a header length beyond 2⁵³', file({}, undefined, 2n ** 64n - 1n), /header would be longer than the file/],
    ['an empty header', file(''), /header is not JSON/],
    ['broken JSON', file('{"x": '), /header is not JSON/],
    ['bytes that are no text', file('\u0000').fill(0xff, 8), /header is no text in UTF-8/],
    ['a list for a header', file([]), /header is not an object/],
    ['null for a header', file('null'), /header is not an object/],
    ['null for metadata', file({ __metadata__: null }), /metadata/],
    ['text for metadata', file({ __metadata__: 'hello' }), /metadata/],
    ['null for a tensor', file({ x: null }), /tensor x has type undefined/],
    ['another type', file(entry({ dtype: 'I64' }), new Uint8Array(8)), /tensor x has type I64; these are read: F32/],
    ['no shape', file(entry({ shape: undefined }), new Uint8Array(8)), /tensor x has no proper shape/],
    ['a negative size', file(entry({ shape: [-2] }), new Uint8Array(8)), /tensor x has no proper shape/],
    ['half a row', file(entry({ shape: [0.5, 4] }), new Uint8Array(8)), /tensor x has no proper shape/],
    ['no offsets', file(entry({ data_offsets: null }), new Uint8Array(8)), /no proper shape or offsets/],
    ['one offset', file(entry({ data_offsets: [0] }), new Uint8Array(8)), /does not lie within the file/],
    [
      'offsets behind the end',
      file(entry({ data_offsets: [8, 16] }), new Uint8Array(8)),
      /does not lie within the file/,
    ],
    ['offsets backwards', file(entry({ data_offsets: [8, 0] }), new Uint8Array(8)), /does not lie within the file/],
    [
      'offsets of another size',
      file(entry({ data_offsets: [0, 4] }), new Uint8Array(8)),
      /does not lie within the file/,
    ],
    ['a size beyond counting', file(entry({ shape: [2 ** 53, 2 ** 53] }), new Uint8Array(8)), /does not lie within/],
  ])('say what is wrong with %s', (_, bytes, message) => {
    expect(complaint(() => parseSafetensors(bytes))).toMatch(message);
  });
});

describe('a checkpoint', () => {
  it('comes back as it was written', () => {
    expect(parseCheckpoint(encodeCheckpoint(checkpoint()), WORDS)).toEqual(checkpoint());
  });

  /** The file with its header changed; the data stays. */
  function edited(change: (header: Record<string, Record<string, unknown>>) => void): Uint8Array {
    const bytes = encodeCheckpoint(checkpoint());
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as never;
    change(header);
    return file(header, bytes.subarray(8 + length));
  }
  const withSizes = (more: object) =>
    edited(({ __metadata__: metadata }) => (metadata!.sizes = JSON.stringify({ ...SIZES, ...more })));

  it.each([
    ['safetensors of someone else', edited(({ __metadata__: m }) => delete m!.format), /not a checkpoint of this/],
    ['no sizes', edited(({ __metadata__: m }) => delete m!.sizes), /does not say its sizes/],
    ['broken sizes', edited(({ __metadata__: m }) => (m!.sizes = '{')), /does not say its sizes/],
    ['null sizes', edited(({ __metadata__: m }) => (m!.sizes = 'null')), /vocabulary is undefined/],
    ['no layers', withSizes({ layers: 0 }), /layers is 0; expected a whole number/],
    ['sizes as text', withSizes({ hidden: '5' }), /hidden is 5; expected a whole number/],
    ['a size beyond bounds', withSizes({ promptLength: 1e9 }), /promptLength is 1000000000/],
    ['heads of odd width', withSizes({ heads: 16 }), /does not divide into 16 heads/],
    ['a hidden width of 13', withSizes({ hidden: 13 }), /hidden is 13; expected a multiple of 4/],
    ['heads that do not fit', withSizes({ heads: 3 }), /does not divide into 3 heads/],
    ['a wider table than there is', withSizes({ width: 32 }), /tensor embedding has shape 6×16; expected 6×32/],
    ['layers that are not there', withSizes({ layers: 2 }), /lacks the tensor layers\.1\.attentionNorm/],
    // The sizes alone must not make the reader allocate.
    ['sizes for petabytes', withSizes({ width: 65536, layers: 128, hidden: 65536 }), /tensor embedding has shape/],
    ['more layers than any', withSizes({ layers: 65536 }), /has 65536 layers; at most 128 are supported/],
    ['another vocabulary size', withSizes({ vocabulary: 7 }), /another vocabulary/],
    ['other words', edited(({ __metadata__: m }) => (m!.words = 'a b c d e f')), /another vocabulary/],
    ['no words', edited(({ __metadata__: m }) => delete m!.words), /another vocabulary/],
    ['a missing tensor', edited((header) => delete header['layers.0.key']), /lacks the tensor layers\.0\.key/],
    ['a turned tensor', edited((h) => (h['layers.0.gate']!.shape = [12, 16])), /layers\.0\.gate has shape 12×16/],
  ])('with %s is refused with a sentence that says so', (_, bytes, message) => {
    expect(complaint(() => parseCheckpoint(bytes, WORDS))).toMatch(message);
  });

  it.each([NaN, Infinity, -Infinity])('with a weight of %f is refused', (value) => {
    const broken = checkpoint();
    broken.weights[broken.weights.length - 1] = value;
    expect(complaint(() => parseCheckpoint(encodeCheckpoint(broken), WORDS))).toMatch(
      /finalNorm holds numbers that are/,
    );
  });

  it('for another task is refused', () => {
    expect(complaint(() => parseCheckpoint(encodeCheckpoint(checkpoint()), [...WORDS, 'more']))).toMatch(/vocabulary/);
  });

  it('cut short anywhere is refused with a sentence', () => {
    const bytes = encodeCheckpoint(checkpoint());
    for (let length = 0; length < bytes.length; length += 13) {
      complaint(() => parseCheckpoint(bytes.subarray(0, length), WORDS));
    }
    complaint(() => parseCheckpoint(bytes.subarray(0, bytes.length - 1), WORDS));
  });

  it('of random bytes is refused with a sentence', () => {
    const words = new Uint32Array(4);
    for (let trial = 0; trial < 200; trial++) {
      const bytes = new Uint8Array(16 * (1 + (trial % 20)));
      for (let block = 0; block * 16 < bytes.length; block++) {
        philox4x32(words, block, trial, 0, 0, 1, 2);
        bytes.set(new Uint8Array(words.buffer), 16 * block);
      }
      // Half of them with a plausible header length.
      if (trial % 2 === 0) new DataView(bytes.buffer).setBigUint64(0, BigInt(trial % bytes.length), true);
      complaint(() => parseCheckpoint(bytes, WORDS));
    }
  });

  it('with one damaged header byte is refused with a sentence, or reads as numbers', () => {
    const bytes = encodeCheckpoint(checkpoint());
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    let refused = 0;
    for (let at = 0; at < 8 + length; at += 3) {
      const damaged = bytes.slice();
      damaged[at] = damaged[at]! ^ (1 << (at % 7));
      try {
        expect(parseCheckpoint(damaged, WORDS).weights.every(Number.isFinite)).toBe(true);
      } catch (error) {
        refused += 1;
        expect((error as Error).constructor, `byte ${at}: ${String(error)}`).toBe(Error);
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});

describe('the shipped checkpoint', () => {
  const shipped = () => new Uint8Array(readFileSync('public/checkpoints/reviews.safetensors'));

  it('is read, written back alike, and below 1 MB', () => {
    const bytes = shipped();
    expect(bytes.length).toBeLessThan(1e6);
    const again = parseReviewsCheckpoint(encodeCheckpoint(parseReviewsCheckpoint(bytes)));
    expect(again).toEqual(parseReviewsCheckpoint(bytes));
  });

  it.each([{ promptLength: 3 }, { completionLength: 60_000 }])('with %o is refused', (more) => {
    const read = parseReviewsCheckpoint(shipped());
    const [[name, value]] = Object.entries(more) as [[string, number]];
    const bytes = encodeCheckpoint({ ...read, sizes: { ...read.sizes, ...more } });
    expect(complaint(() => parseReviewsCheckpoint(bytes))).toMatch(
      `the checkpoint's ${name} is ${value}; this task's is`,
    );
  });
});
