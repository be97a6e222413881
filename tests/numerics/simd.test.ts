import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { addProduct } from '../../src/ops/addProduct/addProduct';
import { routinesOf } from '../../src/ops/device/host';
import { PLAIN_ROUTINES } from '../../src/ops/routines/plain';
import { attentionScratch, type Routines } from '../../src/ops/routines/routines';
import { simdRoutines } from '../../src/ops/routines/simd';
import { evenRowSets } from '../../src/ops/rowSets';
import * as binary from '../../src/ops/simd/binary';
import { useBackend } from '../support/backends';
import { expectNear, take, wave } from '../support/numbers';

const PAGE = 65_536;
const SIGNAL = 12_345;
const GUARD = 4;

const memory = new WebAssembly.Memory({ initial: 64 });
let SIMD = simdRoutines(memory)!;

type Arrays = Record<string, Float32Array | Int32Array>;

/** Copies with room between them that nobody may write to. */
function onHeap<A extends Arrays>(arrays: A): { heap: A; expectGuarded: () => void } {
  let at = PAGE;
  const guards: Float32Array[] = [];
  const entries = Object.entries(arrays).map(([name, values]) => {
    const view = values instanceof Int32Array ? Int32Array : Float32Array;
    const copy = new view(memory.buffer, at, values.length);
    copy.set(values);
    const guard = new Float32Array(memory.buffer, at + copy.byteLength, GUARD).fill(SIGNAL);
    guards.push(guard);
    at += copy.byteLength + guard.byteLength;
    return [name, copy];
  });
  return {
    heap: Object.fromEntries(entries) as A,
    expectGuarded: () => guards.forEach((guard) => expect([...guard]).toEqual(Array(GUARD).fill(SIGNAL))),
  };
}

/** Runs both forms on copies of the same arrays; they must leave the same in all of them but `scratch`. */
function expectSame<A extends Arrays>(arrays: A, run: (routines: Routines, arrays: A) => void, tolerance = 1e-6): void {
  const { heap, expectGuarded } = onHeap(arrays);
  run(SIMD, heap);
  const copies = Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, values.slice()])) as A;
  run(PLAIN_ROUTINES, copies);
  expectGuarded();
  for (const name of Object.keys(arrays)) {
    if (name !== 'scratch') expectNear(heap[name]!, copies[name]!, tolerance, name);
  }
}

const nans = (count: number) => new Float32Array(count).fill(NaN);

/** exp of every x, by the module. */
function exponentials(x: Float32Array): Float32Array {
  const { heap } = onHeap({ x, out: nans(x.length) });
  SIMD.scaledExp(heap.x, heap.out, 0, x.length, 0, 1);
  return heap.out;
}

describe.each(['plain', 'relaxed'] as const)('%s', (variant) => {
  beforeAll(() => {
    SIMD = simdRoutines(memory, variant)!;
  });

  describe('the module', () => {
    const bytes = Uint8Array.from(atob(binary[variant]), (character) => character.charCodeAt(0));

    // Ids of a module's sections: WebAssembly core specification, 5.5.2.
    it('has no memory and no data of its own', () => {
      const sections: number[] = [];
      for (let at = 8; at < bytes.length;) {
        sections.push(bytes[at++]!);
        let [size, shift, more] = [0, 0, true];
        while (more) {
          const byte = bytes[at++]!;
          size |= (byte & 0x7f) << shift;
          shift += 7;
          more = byte >= 0x80;
        }
        at += size;
      }
      const [MEMORY, START, DATA, DATA_COUNT] = [5, 8, 11, 12];
      expect(sections).toContain(10); // code
      for (const section of [MEMORY, START, DATA, DATA_COUNT]) expect(sections).not.toContain(section);
      const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
      expect(imports).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
    });

    it('is what the WASM backend computes with, also after its memory has grown', async () => {
      await useBackend('wasm');
      const backend = tf.backend() as BackendWasm;
      expect(routinesOf(backend)).not.toBe(PLAIN_ROUTINES);
      expect(routinesOf(backend)).toBe(routinesOf(backend));
      const before = tf.memory().numTensors;
      const large = tf.zeros([4e6]);
      const rows = evenRowSets(1, 4);
      const sums = await take(
        tf.tidy(() => addProduct(tf.ones([4, 4]), tf.ones([4, 8]), tf.fill([1, 32], 0.5) as tf.Tensor2D, 0, rows)),
      );
      expect([...sums]).toEqual(Array(16).fill(5));
      tf.dispose([large, rows.tiles]);
      expect(tf.memory().numTensors).toBe(before);
    });

    it('gives way to plain loops where threads share the memory', () => {
      if (typeof SharedArrayBuffer === 'undefined') return;
      expect(simdRoutines(new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true }))).toBeNull();
    });
  });

  describe('exponential', () => {
    it('is right to 3e-7 of itself wherever float32 has all its digits', () => {
      const x = Float32Array.from({ length: 200_000 }, (_, i) => -87.3 + (176 * i) / 199_999);
      const worst = exponentials(x).reduce((most, value, i) => {
        const error = Math.abs(value / Math.exp(x[i]!) - 1);
        return error <= most ? most : error;
      }, 0);
      expect(worst).toBeLessThanOrEqual(3e-7);
    });

    it('ends as float32 does, and keeps NaN', () => {
      const x = Float32Array.of(-Infinity, -1e30, -104, -95, 0, -0, 88.7, 89, 1e30, Infinity, NaN);
      const out = exponentials(x);
      expect([...out.subarray(0, 3)]).toEqual([0, 0, 0]);
      expect(Math.abs(out[3]! - Math.exp(-95))).toBeLessThan(3e-45);
      expect([...out.subarray(4, 6)]).toEqual([1, 1]);
      expect(out[6]).toBeLessThan(Infinity);
      expect([...out.subarray(7)]).toEqual([Infinity, Infinity, Infinity, NaN]);
    });

    it('sums and scales rows of any length', () => {
      for (const count of [1, 2, 3, 4, 5, 8, 11, 191]) {
        const x = wave(count + 2, 0.1).map((value) => 6 * value);
        expectSame({ x, out: new Float32Array(count + 2), found: nans(2) }, (routines, { x, out, found }) => {
          found[0] = routines.largest(x, 1, count);
          found[1] = routines.sumOfExp(x, 1, count, found[0]!);
          routines.scaledExp(x, out, 1, count, found[0]!, -2.5);
        });
      }
    });

    it('finds the largest entry wherever it lies and passes over NaN, which the sum keeps', () => {
      for (let at = 0; at < 7; at++) {
        const { heap } = onHeap({ x: new Float32Array(7).fill(-3e38) });
        heap.x[at] = -5;
        heap.x[(at + 1) % 7] = NaN;
        expect(SIMD.largest(heap.x, 0, 7)).toBe(-5);
        expect(SIMD.sumOfExp(heap.x, 0, 7, -5)).toBeNaN();
      }
      const { heap } = onHeap({ x: new Float32Array(5).fill(-Infinity) });
      expect(SIMD.largest(heap.x, 0, 5)).toBe(-Infinity);
    });
  });

  describe('product', () => {
    const SIZES = [1, 3, 4, 7, 8, 12, 21];

    it.each(['a', 'b', undefined] as const)('agrees for all remainders of the tiles; transposed: %s', (transposed) => {
      for (const rows of SIZES) {
        for (const columns of SIZES) {
          for (const inner of [4, 20, transposed === 'b' ? 520 : 517]) {
            // Positive, so that no long sum comes near 0.
            const factor = (size: number, phase: number) => wave(size, phase).map((value) => 1 + value);
            const out = wave(rows * columns, 0.3);
            const arrays = { a: factor(rows * inner, 0.1), b: factor(inner * columns, 0.2), out };
            const run = (routines: Routines, { a, b, out }: typeof arrays) =>
              routines.product({ a, b, out, rows, inner, columns, ...(transposed && { transposed }), add: rows === 3 });
            expectSame(arrays, run, 3e-6);
          }
        }
      }
    });

    it.each(['a', 'b', undefined] as const)('leaves what lies between rows alone; transposed: %s', (transposed) => {
      const [rows, inner, columns] = [6, 8, 11];
      const [aRows, aColumns] = transposed === 'a' ? [inner, rows] : [rows, inner];
      const [bRows, bColumns] = transposed === 'b' ? [columns, inner] : [inner, columns];
      const steps = { aStep: aColumns + 3, bStep: bColumns + 1, outStep: columns + 2 };
      const arrays = {
        a: wave(aRows * steps.aStep, 0.1),
        b: wave(bRows * steps.bStep, 0.2),
        out: wave(rows * steps.outStep, 0.3),
      };
      for (const add of [false, true]) {
        expectSame(arrays, (routines, { a, b, out }) =>
          routines.product({ a, b, out, rows, inner, columns, ...steps, ...(transposed && { transposed }), add }),
        );
      }
    });

    it('keeps NaN in its row and column', () => {
      const { heap } = onHeap({ a: wave(5 * 4), b: wave(4 * 9), out: nans(45) });
      heap.a[2 * 4 + 1] = NaN;
      heap.b[3 * 9 + 8] = Infinity;
      SIMD.product({ ...heap, rows: 5, inner: 4, columns: 9 });
      heap.out.forEach((value, i) => {
        const [row, column] = [Math.floor(i / 9), i % 9];
        expect(Number.isFinite(value), `${row}, ${column}`).toBe(row !== 2 && column !== 8);
        if (row === 2) expect(value).toBeNaN();
      });
    });
  });

  describe('rows of states', () => {
    const [width, blocks, count, tokens] = [12, 3, 2, 5];
    const rows = { blocks, count, step: tokens * width, width };
    const states = (phase: number) => wave(blocks * tokens * width, phase);
    const arrays = {
      x: states(0.1),
      gain: wave(width, 0.2),
      dy: wave(blocks * count * width, 0.3),
      scale: wave(blocks * count, 0.4),
      out: wave(blocks * count * width, 0.5),
      dx: states(0.6),
      dGain: wave(width, 0.7),
    };

    it('are normed, and scaled', () => {
      expectSame(arrays, (routines, { x, gain, scale, out }) => routines.normRows(x, gain, out, scale, rows));
      expectSame(arrays, (routines, { x, gain, scale, out }) => routines.scaleRows(x, scale, gain, out, rows));
    });

    it('get the norm’s gradients', () => {
      expectSame(arrays, (routines, { dy, x, scale, gain, dx, dGain }) => {
        routines.addNormGradient(dy, x, scale, gain, dx, rows);
        routines.addGainGradient(dy, x, scale, dGain, rows);
      });
    });

    it('of zeros are normed to zeros, and those with NaN to NaN', () => {
      const one = { blocks: 1, count: 2, step: 0, width: 4 };
      const { heap } = onHeap({ x: new Float32Array(8), gain: wave(4), out: nans(8), scale: nans(2) });
      heap.x[6] = NaN;
      SIMD.normRows(heap.x, heap.gain, heap.out, heap.scale, one);
      expect([...heap.out].map(Math.abs)).toEqual([0, 0, 0, 0, NaN, NaN, NaN, NaN]);
      expect(heap.scale[0]).toBeCloseTo(1 / Math.sqrt(1e-5), 3);
    });
  });

  describe('gated product', () => {
    it('has silu within 6·10⁻⁷ of itself from −80 to 80', () => {
      const gate = Float32Array.from({ length: 4004 }, (_, i) => -80 + (160 * i) / 4003);
      const { heap } = onHeap({ gate, up: new Float32Array(4004).fill(1), out: nans(4004) });
      SIMD.siluProduct(heap.gate, heap.up, heap.out);
      const worst = heap.out.reduce((most, value, i) => {
        const error = Math.abs(value / (gate[i]! / (1 + Math.exp(-gate[i]!))) - 1);
        return error <= most ? most : error;
      }, 0);
      expect(worst).toBeLessThanOrEqual(6e-7);
    });

    it('and its gradient agree, far out as well', () => {
      const gate = Float32Array.of(-2000, -100, -20, -1, -0, 0, 0.5, 3, 20, 95, 2000, 1e30);
      const up = wave(12, 0.4);
      expectSame({ gate, up, out: nans(12) }, (routines, { gate, up, out }) => routines.siluProduct(gate, up, out));
      const gradient = { gate: gate.subarray(0, 8), up: up.subarray(0, 8), dGate: nans(8), dUp: wave(8, 0.9) };
      expectSame(gradient, (routines, { gate, up, dGate, dUp }) => routines.siluGradient(gate, up, dGate, dUp));
    });

    it('keeps NaN', () => {
      const { heap } = onHeap({ gate: Float32Array.of(NaN, 1, 1, 1), up: Float32Array.of(1, NaN, 1, 1), out: nans(4) });
      SIMD.siluProduct(heap.gate, heap.up, heap.out);
      expect([...heap.out].map(Number.isNaN)).toEqual([true, true, false, false]);
    });
  });

  describe('attention', () => {
    const arraysOf = (rows: number, tokens: number, length: number, width: number, size: number) => ({
      q: wave(rows * tokens * width, 0.1).map((value) => 3 * value),
      kv: wave(rows * length * 2 * width, 0.2),
      starts: Int32Array.from({ length: rows }, (_, row) => (row * 2) % (length + 1)),
      out: nans(rows * tokens * width),
      statistics: new Float32Array(rows * tokens * (width / size) * 2),
      scratch: nans(attentionScratch(length)),
      dOut: wave(rows * tokens * width, 0.4),
      table: wave(length * size, 0.5),
      dq: wave(rows * tokens * width, 0.6),
      dkv: wave(rows * tokens * 2 * width, 0.7),
    });

    it.each([
      [8, 1, 3],
      [16, 2, 9],
      [24, 2, 6],
      [32, 1, 4],
    ])('agrees for %i columns a head, %i heads, %i positions', (size, heads, length) => {
      for (const first of [0, length - 2, length - 1]) {
        const [rows, tokens] = [4, length - first];
        expectSame(
          arraysOf(rows, tokens, length, heads * size, size),
          (routines, arrays) => routines.attend(arrays, { rows, tokens, first, length, heads, size }),
          3e-6,
        );
      }
    });

    it.each([
      [8, 1, 3],
      [16, 2, 9],
      [24, 2, 6],
    ])('has the same gradients for %i columns a head, %i heads, %i positions', (size, heads, tokens) => {
      const rows = 4;
      expectSame(
        arraysOf(rows, tokens, tokens, heads * size, size),
        (routines, arrays) => {
          routines.attend(arrays, { rows, tokens, first: 0, length: tokens, heads, size });
          routines.queryGradient(arrays, { rows, tokens, heads, size });
          routines.keyValueGradient(arrays, { rows, tokens, heads, size });
        },
        3e-6,
      );
    });

    it('has the logarithm of the number of keys where all weigh the same', () => {
      const tokens = 200;
      const arrays = { ...arraysOf(1, tokens, tokens, 8, 8), q: new Float32Array(tokens * 8) };
      const { heap } = onHeap(arrays);
      SIMD.attend(heap, { rows: 1, tokens, first: 0, length: tokens, heads: 1, size: 8 });
      for (let t = 0; t < tokens; t++) {
        expect(Math.abs(heap.statistics[2 * t]! - Math.log(t + 1))).toBeLessThanOrEqual(3e-7 * Math.log(t + 2));
      }
    });

    it('shows NaN to those who see it, in result and statistic', () => {
      const [tokens, width] = [6, 8];
      const { heap } = onHeap(arraysOf(1, tokens, tokens, width, width));
      heap.kv[2 * 2 * width] = NaN; // the third key
      SIMD.attend(heap, { rows: 1, tokens, first: 0, length: tokens, heads: 1, size: width });
      for (let t = 0; t < tokens; t++) {
        const seen = t >= 2;
        expect([...heap.out.subarray(t * width, (t + 1) * width)].map(Number.isNaN)).toEqual(Array(width).fill(seen));
        expect(Number.isNaN(heap.statistics[2 * t])).toBe(seen);
      }
    });

    it('turns heads in place, row by row of the table', () => {
      const [heads, size, step] = [2, 16, 40];
      for (const period of [1, 3]) {
        expectSame({ x: wave(7 * step, 0.1), table: wave(3 * size, 0.2) }, (routines, { x, table }) =>
          routines.turnHeads(x, table, { rows: 7, step, period, heads, size }),
        );
      }
    });
  });

  describe('update', () => {
    it.each([1, 3, 4, 9, 1000])('agrees for %i weights', (count) => {
      const arrays = {
        gradient: wave(count, 0.1),
        weights: wave(count, 0.2),
        mean: wave(count, 0.3),
        square: wave(count, 0.4).map(Math.abs),
        settings: Float32Array.of(0.9, 0.1, 0.999, 0.001, 0.3, 0.05, 1e-8, 0.01),
        found: nans(1),
      };
      expectSame(arrays, (routines, { found, ...run }) => {
        found[0] = routines.sumOfSquares(run.gradient);
        routines.adamW({ ...run, factor: 0.7, rate: 0.1 });
      });
    });

    it('keeps NaN', () => {
      const { heap } = onHeap({ x: Float32Array.of(1, 2, NaN, 4, 5) });
      expect(SIMD.sumOfSquares(heap.x)).toBeNaN();
      expect(SIMD.sumOfSquares(heap.x.subarray(3))).toBe(41);
    });
  });
});
