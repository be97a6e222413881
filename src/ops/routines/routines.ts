/*
 * What kernels do on the host, as few loops that many of them share. There are two forms of each, in TypeScript
 * (plain.ts) and in WebAssembly (simd.ts); arrays are row-major, lengths and steps are in floats.
 */

/** out = a·b. Rows lie without gaps where no step, from one row of an array to the next, is given. */
export interface Product {
  readonly a: Float32Array; // [rows, inner], or [inner, rows] where transposed
  readonly b: Float32Array; // [inner, columns], or [columns, inner] where transposed
  readonly out: Float32Array; // [rows, columns]
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  /** Transposed b: `inner` is a multiple of four. */
  readonly transposed?: 'a' | 'b';
  readonly aStep?: number;
  readonly bStep?: number;
  readonly outStep?: number;
  /** Adds to what `out` holds. */
  readonly add?: boolean;
}

/** Rows of states in blocks of `count`; what belongs to them row by row lies without gaps. */
export interface Blocks {
  readonly blocks: number;
  readonly count: number;
  /** From one block's first row to the next one's. */
  readonly step: number;
  /** Floats in a row; a multiple of four. */
  readonly width: number;
}

/** Rows that the rotary positions of `heads` heads are applied to. */
export interface TurnedRows {
  readonly rows: number;
  readonly step: number;
  /** Row n lies at position n modulo `period`. */
  readonly period: number;
  readonly heads: number;
  /** Floats in a head; a multiple of eight. */
  readonly size: number;
}

export interface AttentionSizes {
  readonly rows: number;
  readonly tokens: number;
  readonly heads: number;
  /** Floats in a head; a multiple of eight. */
  readonly size: number;
}

interface AttentionInputs {
  readonly q: Float32Array; // [rows, tokens, heads, size]
  readonly kv: Float32Array; // [rows, length, 2, heads, size]; length = tokens in gradients
  readonly starts: Int32Array; // [rows]
  readonly statistics: Float32Array; // [rows, tokens, heads, 2]
  readonly scratch: Float32Array; // at least attentionScratch(length)
}

export interface Attention extends AttentionInputs {
  readonly out: Float32Array; // [rows, tokens, heads, size]
}

export interface AttentionGradientInputs extends AttentionInputs {
  readonly dOut: Float32Array; // [rows, tokens, heads, size]
  readonly table: Float32Array; // [tokens, size]
}

/** Floats that attention over `length` positions needs to work. */
export const attentionScratch = (length: number): number => 4 * (length + 4);

/** One run's part of an update; settings: β₁, 1 − β₁, β₂, 1 − β₂, the two corrections, ε, weight decay. */
export interface AdamWRun {
  readonly gradient: Float32Array;
  readonly weights: Float32Array;
  readonly mean: Float32Array;
  readonly square: Float32Array;
  readonly settings: Float32Array;
  readonly factor: number;
  readonly rate: number;
}

export interface Routines {
  product(product: Product): void;

  /** scale = 1/√(mean(x²) + ε), out = x·scale ⊙ gain. */
  normRows(x: Float32Array, gain: Float32Array, out: Float32Array, scale: Float32Array, rows: Blocks): void;
  /** out = x·scale ⊙ gain. */
  scaleRows(x: Float32Array, scale: Float32Array, gain: Float32Array, out: Float32Array, rows: Blocks): void;
  /** dx += scale·(gain ⊙ dy − n·mean(gain ⊙ dy ⊙ n)) with n = x·scale; dx lies as x does. */
  addNormGradient(
    dy: Float32Array,
    x: Float32Array,
    scale: Float32Array,
    gain: Float32Array,
    dx: Float32Array,
    rows: Blocks,
  ): void;
  /** out += Σ over rows of dy ⊙ x·scale. */
  addGainGradient(dy: Float32Array, x: Float32Array, scale: Float32Array, out: Float32Array, rows: Blocks): void;

  /** out = silu(gate) ⊙ up; a multiple of four. */
  siluProduct(gate: Float32Array, up: Float32Array, out: Float32Array): void;
  /** From the gradient at the product, which dUp holds, to those at gate and up; a multiple of four. */
  siluGradient(gate: Float32Array, up: Float32Array, dGate: Float32Array, dUp: Float32Array): void;

  /** Rotary positions in place; the table holds a position's cosines, then its sines. */
  turnHeads(x: Float32Array, table: Float32Array, rows: TurnedRows): void;
  /** softmax(q·k/√size)·v and log Σ exp of the scores; 0 where a query has no key. */
  attend(arrays: Attention, sizes: AttentionSizes & { readonly first: number; readonly length: number }): void;
  /** Turned back; leaves dOut·out beside each log Σ exp. */
  queryGradient(arrays: AttentionGradientInputs & { out: Float32Array; dq: Float32Array }, sizes: AttentionSizes): void;
  /** Gradients of keys, turned back, and of values; after `queryGradient`. */
  keyValueGradient(arrays: AttentionGradientInputs & { dkv: Float32Array }, sizes: AttentionSizes): void;

  /** The largest of `count` entries from `start`, without regard to NaN. */
  largest(x: Float32Array, start: number, count: number): number;
  /** Σ exp(x − shift) over `count` entries from `start`. */
  sumOfExp(x: Float32Array, start: number, count: number, shift: number): number;
  /** out = factor · exp(x − shift), `count` entries from `start` of both. */
  scaledExp(x: Float32Array, out: Float32Array, start: number, count: number, shift: number, factor: number): void;

  sumOfSquares(x: Float32Array): number;
  adamW(run: AdamWRun): void;
}
