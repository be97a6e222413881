import { RMS_EPSILON } from '../rmsNorm/composed';
import * as binary from '../simd/binary';
import { PLAIN_ROUTINES } from './plain';
import type { Blocks, Routines } from './routines';

/** What src/ops/simd exports: pointers, steps and sizes in bytes, counts in floats or rows. */
type Exports = Readonly<Record<keyof Routines | 'productByRows', (...numbers: number[]) => number>>;

/** Which form of the module: with fused multiply-add only where somebody asks for it. */
export type Variant = keyof typeof binary;

const bytesIn = (variant: Variant): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(binary[variant]), (character) => character.charCodeAt(0));

const compiled: Partial<Record<Variant, WebAssembly.Module>> = {};

const module = (variant: Variant): WebAssembly.Module =>
  (compiled[variant] ??= new WebAssembly.Module(bytesIn(variant)));

/** Whether this engine has relaxed SIMD. */
export const hasRelaxed = (): boolean => WebAssembly.validate(bytesIn('relaxed'));

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/**
 * The routines in WebAssembly with 128-bit vectors, for arrays that lie in `memory`. Null where it has no such
 * instructions, or where threads share the memory, which this module does not expect.
 */
export function simdRoutines(memory: WebAssembly.Memory, variant: Variant = 'plain'): Routines | null {
  try {
    const { exports } = new WebAssembly.Instance(module(variant), { env: { memory } });
    return adapt(exports as unknown as Exports);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError) return null;
    throw error;
  }
}

const at = (array: Float32Array | Int32Array): number => array.byteOffset;

const bytesOf = ({ blocks, count, step, width }: Blocks): [number, number, number, number] => [
  blocks,
  count,
  step * BYTES,
  width * BYTES,
];

const adapt = (simd: Exports): Routines => ({
  product({ a, b, out, rows, inner, columns, transposed, aStep, bStep, outStep, add }) {
    const outRow = (outStep ?? columns) * BYTES;
    const adding = add ? 1 : 0;
    if (transposed === 'b') {
      const [aRow, bRow] = [(aStep ?? inner) * BYTES, (bStep ?? inner) * BYTES];
      simd.productByRows(at(a), aRow, at(b), bRow, at(out), outRow, rows, inner, columns, adding);
      return;
    }
    const aRow = transposed === 'a' ? BYTES : (aStep ?? inner) * BYTES;
    const aInner = transposed === 'a' ? (aStep ?? rows) * BYTES : BYTES;
    const bRow = (bStep ?? columns) * BYTES;
    simd.product(at(a), aRow, aInner, at(b), bRow, at(out), outRow, rows, inner, columns, adding);
  },

  normRows: (x, gain, out, scale, rows) =>
    void simd.normRows(at(x), at(gain), at(out), at(scale), ...bytesOf(rows), RMS_EPSILON),
  scaleRows: (x, scale, gain, out, rows) => void simd.scaleRows(at(x), at(scale), at(gain), at(out), ...bytesOf(rows)),
  addNormGradient: (dy, x, scale, gain, dx, rows) =>
    void simd.addNormGradient(at(dy), at(x), at(scale), at(gain), at(dx), ...bytesOf(rows)),
  addGainGradient: (dy, x, scale, out, rows) =>
    void simd.addGainGradient(at(dy), at(x), at(scale), at(out), ...bytesOf(rows)),

  siluProduct: (gate, up, out) => void simd.siluProduct(at(gate), at(up), at(out), out.length),
  siluGradient: (gate, up, dGate, dUp) => void simd.siluGradient(at(gate), at(up), at(dGate), at(dUp), dUp.length),

  turnHeads: (x, table, { rows, step, period, heads, size }) =>
    void simd.turnHeads(at(x), at(table), rows, step * BYTES, period, heads, (size / 2) * BYTES),

  attend({ q, kv, starts, out, statistics, scratch }, { rows, tokens, first, length, heads, size }) {
    const pointers = [at(q), at(kv), at(starts), at(out), at(statistics), at(scratch)];
    simd.attend(...pointers, rows, tokens, first, length, heads, size * BYTES);
  },

  queryGradient({ q, kv, out, dOut, starts, table, statistics, dq, scratch }, { rows, tokens, heads, size }) {
    const inputs = [at(q), at(kv), at(out), at(dOut), at(starts), at(table)];
    simd.queryGradient(...inputs, at(statistics), at(dq), at(scratch), rows, tokens, heads, size * BYTES);
  },

  keyValueGradient({ q, kv, dOut, statistics, starts, table, dkv, scratch }, { rows, tokens, heads, size }) {
    const inputs = [at(q), at(kv), at(dOut), at(statistics), at(starts), at(table)];
    simd.keyValueGradient(...inputs, at(dkv), at(scratch), rows, tokens, heads, size * BYTES);
  },

  largest: (x, start, count) => simd.largest(at(x) + start * BYTES, count),
  sumOfExp: (x, start, count, shift) => simd.sumOfExp(at(x) + start * BYTES, count, shift),
  scaledExp: (x, out, start, count, shift, factor) =>
    void simd.scaledExp(at(x) + start * BYTES, at(out) + start * BYTES, count, shift, factor),

  sumOfSquares: (x) => simd.sumOfSquares(at(x), x.length),
  adamW(run) {
    const { gradient, weights, mean, square, settings, factor, rate } = run;
    // A tabular policy's few weights may be any number.
    if (gradient.length % 4 !== 0) return PLAIN_ROUTINES.adamW(run);
    simd.adamW(at(gradient), at(weights), at(mean), at(square), at(settings), factor, rate, gradient.length);
  },
});
