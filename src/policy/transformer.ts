import { sizeOf, type ParameterLayout } from './parameters';
import type { RowFloats } from './policy';

/** Of the rotary positions' angles, as Su et al. (2021) have it. */
export const ROTARY_BASE = 10_000;

/** Sizes of a Llama-family transformer's weights: RMSNorm, rotary positions, SwiGLU, tied embeddings, no biases. */
export interface ModelSizes {
  readonly vocabulary: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly hidden: number;
  /** Of the rotary positions; absent where it is `ROTARY_BASE`. */
  readonly rotaryBase?: number;
}

/** More have only models that fit no browser; a broken file may claim tens of thousands. */
const MOST_LAYERS = 128;

/**
 * Throws an Error for sizes that are not supported. The kernels load four numbers at a time, of a head's halves too.
 */
export function refuseSizes({ width, heads, hidden, layers }: ModelSizes): void {
  if (layers > MOST_LAYERS)
    throw new Error(`the checkpoint has ${layers} layers; at most ${MOST_LAYERS} are supported`);
  if (width % (8 * heads) !== 0) {
    throw new Error(
      `the checkpoint's width ${width} does not divide into ${heads} heads whose width is a multiple of 8`,
    );
  }
  if (hidden % 4 !== 0) throw new Error(`the checkpoint's hidden is ${hidden}; expected a multiple of 4`);
}

/** And of the texts that it reads and writes. */
export interface TransformerSizes extends ModelSizes {
  readonly promptLength: number;
  readonly completionLength: number;
}

const LAYER_PARTS = ({ width, hidden }: ModelSizes) => ({
  attentionNorm: [width],
  query: [width, width],
  key: [width, width],
  value: [width, width],
  output: [width, width],
  mlpNorm: [width],
  gate: [width, hidden],
  up: [width, hidden],
  down: [hidden, width],
});

type LayerPart = keyof ReturnType<typeof LAYER_PARTS>;

export function transformerLayout(sizes: ModelSizes): ParameterLayout {
  const parts = Object.entries(LAYER_PARTS(sizes));
  return [
    { name: 'embedding', shape: [sizes.vocabulary, sizes.width] },
    ...Array.from({ length: sizes.layers }, (_, l) =>
      parts.map(([part, shape]) => ({ name: `layers.${l}.${part}`, shape })),
    ).flat(),
    { name: 'finalNorm', shape: [sizes.width] },
  ];
}

/** Where each parameter begins in a set's flat weights, in floats. */
export interface TransformerOffsets {
  readonly embedding: number;
  readonly layers: readonly Readonly<Record<LayerPart, number>>[];
  readonly finalNorm: number;
}

export function transformerOffsets(sizes: ModelSizes): TransformerOffsets {
  const starts = new Map<string, number>();
  let at = 0;
  for (const { name, shape } of transformerLayout(sizes)) {
    starts.set(name, at);
    at += sizeOf(shape);
  }
  const layer = (l: number) =>
    Object.fromEntries(
      Object.keys(LAYER_PARTS(sizes)).map((part) => [part, starts.get(`layers.${l}.${part}`)!]),
    ) as Record<LayerPart, number>;
  return {
    embedding: 0,
    layers: Array.from({ length: sizes.layers }, (_, l) => layer(l)),
    finalNorm: starts.get('finalNorm')!,
  };
}

/** Tokens that a whole pass reads: the prompt and all of the completion but its last token. */
export const inputLength = ({ promptLength, completionLength }: TransformerSizes): number =>
  promptLength + completionLength - 1;

/** What `LayerActivations` and the caches hold; a backward pass makes about as much again as the forward one keeps. */
export function rowFloats(sizes: TransformerSizes): RowFloats {
  const { vocabulary, width, layers, heads, hidden, promptLength, completionLength } = sizes;
  const length = inputLength(sizes);
  const cached = layers * length * 2 * width;
  /** All layers' activations at one position, less its keys and values. */
  const position = layers * (4 * width + 3 * hidden + 2 * heads + 2) + width;
  const read = cached + length * position + completionLength * vocabulary;
  return { decoded: cached + promptLength * position + vocabulary, read, trained: 2 * read };
}
