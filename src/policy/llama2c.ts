import type { LlamaModel } from './llama';
import { parameterCount, sizeOf, transposeInto } from './parameters';
import { refuseSizes, transformerLayout, type ModelSizes } from './transformer';

/**
 * The files of llama2.c (https://github.com/karpathy/llama2.c): a `.bin` of seven int32 and float32 weights, and a
 * `tokenizer.bin`, which may lie behind it in one file. Its matrices lie [out, in]; its rotary pairs are neighbours,
 * where ours are half a head apart.
 */
export interface Llama2cModel {
  readonly model: LlamaModel;
  /** `tokenizer.json` of the tokenizer that lies behind the weights; null where there is none. */
  readonly tokenizer: string | null;
}

const HEADER_BYTES = 28;
const MOST = 65_536;
/** Of its tokens: 0 is unknown, 1 begins a text, 2 ends one; its stories end where the next one begins. */
const BEGINNING = 1;
const ENDS = [1, 2];

/** Reads a file from an untrusted source; throws an Error that says what is broken or not supported. */
export function parseLlama2c(bytes: Uint8Array): Llama2cModel {
  if (bytes.length < HEADER_BYTES) throw new Error('the file is too short to be one of llama2.c');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = Array.from({ length: 7 }, (_, i) => view.getInt32(4 * i, true));
  const [width, hidden, layers, heads, keyValueHeads, vocabulary, context] = header as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  // A negative vocabulary says that the output layer is not the table of embeddings.
  if (vocabulary < 0) {
    throw new Error('the model has an output layer of its own (untied embeddings), which is not supported');
  }
  if (header.some((value) => value < 1 || value > MOST)) throw new Error('the file is not one of llama2.c');
  if (keyValueHeads !== heads)
    throw new Error('a model whose heads share keys and values is read only from config.json');
  const sizes: ModelSizes = { vocabulary, width, layers, heads, hidden };
  refuseSizes(sizes);
  const layout = transformerLayout(sizes);
  const count = parameterCount(layout);
  const end = HEADER_BYTES + 4 * (count + (context * width) / heads);
  if (bytes.length < end) throw new Error('the file ends before its weights do');
  // A copy, because the bytes need not be aligned to numbers; not by slice, which does not copy a Node Buffer.
  const floats = new Float32Array(new Uint8Array(bytes.subarray(HEADER_BYTES, HEADER_BYTES + 4 * count)).buffer);
  if (!floats.every(Number.isFinite)) throw new Error('the file holds numbers that are not finite');
  const tokenizer = bytes.length > end ? tokenizerOf(bytes.subarray(end), vocabulary) : null;
  return { model: { sizes, weights: inOurOrder(floats, sizes, layout), beginning: BEGINNING, ends: ENDS }, tokenizer };
}

/** Its tensors, each of all layers, in its order. */
const THEIR_ORDER = ['attentionNorm', 'query', 'key', 'value', 'output', 'mlpNorm', 'gate', 'down', 'up'];

function inOurOrder(
  floats: Float32Array,
  { layers, heads }: ModelSizes,
  layout: ReturnType<typeof transformerLayout>,
): Float32Array {
  const weights = new Float32Array(floats.length);
  const starts = new Map<string, number>();
  let at = 0;
  for (const { name, shape } of layout) {
    starts.set(name, at);
    at += sizeOf(shape);
  }
  const shapes = new Map(layout.map(({ name, shape }) => [name, shape]));
  let read = 0;
  const take = (name: string): void => {
    const shape = shapes.get(name)!;
    const size = sizeOf(shape);
    const values = floats.subarray(read, (read += size));
    const target = weights.subarray(starts.get(name), starts.get(name)! + size);
    if (shape.length === 1 || name === 'embedding') return target.set(values);
    const [inner, columns] = shape as [number, number];
    const headWidth = columns / heads;
    const pairedWith = (column: number) => {
      const [head, within] = [Math.floor(column / headWidth), column % headWidth];
      return head * headWidth + 2 * (within % (headWidth / 2)) + (within < headWidth / 2 ? 0 : 1);
    };
    transposeInto(target, values, inner, /[.](query|key)$/.test(name) ? pairedWith : undefined);
  };
  take('embedding');
  for (const part of THEIR_ORDER) for (let l = 0; l < layers; l++) take(`layers.${l}.${part}`);
  take('finalNorm');
  return weights;
}

/** Bytes of a token: a longer one has too many ways to be put together. */
const MOST_PIECE = 256;
/** Behind the special tokens stands a token for each byte, by its name or as itself. */
const BYTES = 256;
const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/**
 * A `tokenizer.bin` as `tokenizer.json`: byte pairs whose merges have the order of the pieces' scores, a byte for what is
 * in no piece, and a space before a text's first word. Throws an Error that says what is broken.
 */
export function tokenizerOf(bytes: Uint8Array, size: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pieces: { text: string; score: number }[] = [];
  // Behind the length of the longest piece.
  let at = 4;
  for (let id = 0; id < size; id++) {
    const length = at + 8 <= bytes.length ? view.getInt32(at + 4, true) : -1;
    if (length > MOST_PIECE)
      throw new Error(`the tokenizer has a token of ${length} bytes; at most ${MOST_PIECE} are supported`);
    if (length < 0 || at + 8 + length > bytes.length) throw new Error('the tokenizer ends before its tokens do');
    const text = new TextDecoder().decode(bytes.subarray(at + 8, at + 8 + length));
    pieces.push({ text: text.replaceAll(' ', '▁'), score: view.getFloat32(at, true) });
    at += 8 + length;
  }
  const special = ['<unk>', '<s>', '</s>'];
  pieces.forEach((piece, id) => {
    if (id < special.length) piece.text = special[id]!;
    else if (id < special.length + BYTES) piece.text = byteToken(id - special.length);
  });
  const vocab = Object.fromEntries(pieces.map(({ text }, id) => [text, id]));
  return JSON.stringify({
    version: '1.0',
    added_tokens: special.map((content, id) => ({
      id,
      content,
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: { type: 'BPE', unk_token: '<unk>', fuse_unk: true, byte_fallback: true, vocab, merges: mergesOf(pieces) },
  });
}

/** Every way to put a piece together of two others, the best-scored pieces first. */
function mergesOf(pieces: readonly { text: string; score: number }[]): [string, string][] {
  const known = new Map(pieces.map(({ text }, id) => [text, id]));
  const ordered = pieces.toSorted((a, b) => b.score - a.score);
  return ordered.flatMap(({ text }) => {
    const letters = Array.from(text);
    const ways = letters
      .slice(1)
      .map((_, i): [string, string] => [letters.slice(0, i + 1).join(''), letters.slice(i + 1).join('')]);
    // Of two ways to the same piece, the one whose parts came into the vocabulary first.
    const rank = ([a, b]: readonly [string, string]) => known.get(a)! + known.get(b)!;
    return ways.filter(([a, b]) => known.has(a) && known.has(b)).sort((a, b) => rank(a) - rank(b));
  });
}
