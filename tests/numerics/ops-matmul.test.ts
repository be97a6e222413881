import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { describe, expect, it } from 'vitest';
import { fleetMatMul } from '../../src/ops/fleetMatMul/fleetMatMul';
import { writeCache } from '../../src/ops/writeCache/writeCache';
import { forEachBackend } from '../support/backends';
import { expectNear, gradientAndDifferences, take, wave } from '../support/numbers';

type Shape = readonly [runs: number, rows: number, inner: number, columns: number];

/** x·w per run in float64. */
function products(x: Float32Array, w: Float32Array, [runs, rows, inner, columns]: Shape): number[] {
  return Array.from({ length: runs * rows * columns }, (_, i) => {
    const run = Math.floor(i / (rows * columns));
    const row = Math.floor(i / columns);
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += x[row * inner + k]! * w[(run * inner + k) * columns + (i % columns)]!;
    return sum;
  });
}

const multiply = (x: Float32Array, w: tf.Tensor3D, [runs, rows, inner]: Shape) =>
  take(tf.tidy(() => fleetMatMul(tf.tensor3d(x, [runs, rows, inner]), w)));

describe('fleetMatMul', () => {
  forEachBackend(() => {
    it('multiplies each run’s rows by its own matrix', async () => {
      const found = await take(
        tf.tidy(() =>
          fleetMatMul(tf.tensor3d([1, 2, 3, 4], [2, 1, 2]), tf.tensor3d([1, 0, 0, 1, 5, 6, 7, 8], [2, 2, 2])),
        ),
      );
      expect([...found]).toEqual([1, 2, 43, 50]);
    });

    it.each([
      [1, 1, 1, 1],
      [5, 1, 1, 3],
      [2, 67, 3, 5],
      [3, 7, 65, 193],
      [1, 33, 48, 49],
    ] as const)('agrees with float64 for %i runs, %i×%i by %i', async (...shape: Shape) => {
      const [runs, rows, inner, columns] = shape;
      const [x, w] = [wave(runs * rows * inner, 0.1), wave(runs * inner * columns, 0.8)];
      const weights = tf.tensor3d(w, [runs, inner, columns]);
      expectNear(await multiply(x, weights, shape), products(x, w, shape), 3e-6);
      const composed = await take(tf.tidy(() => tf.matMul(tf.tensor3d(x, [runs, rows, inner]), weights)));
      expectNear(composed, products(x, w, shape), 3e-6);
      weights.dispose();
    });

    it('has the gradients of central differences in both factors', async () => {
      const w = wave(2 * 3 * 2, 0.6);
      const x = wave(2 * 2 * 3, 0.2);
      const ofRows = await gradientAndDifferences(
        (t) => fleetMatMul(t as tf.Tensor3D, tf.tensor3d(w, [2, 3, 2])),
        [2, 2, 3],
        x,
      );
      expectNear(ofRows.gradient, ofRows.differences, 1e-4);
      const ofMatrix = await gradientAndDifferences(
        (t) => fleetMatMul(tf.tensor3d(x, [2, 2, 3]), t as tf.Tensor3D),
        [2, 3, 2],
        w,
      );
      expectNear(ofMatrix.gradient, ofMatrix.differences, 1e-4);
    });

    it('keeps one matrix for many products, of any number of rows', async () => {
      const w = wave(2 * 5 * 4, 0.3);
      const weights = tf.tensor3d(w, [2, 5, 4]);
      for (const rows of [3, 1, 8, 3]) {
        const x = wave(2 * rows * 5, rows);
        expectNear(await multiply(x, weights, [2, rows, 5, 4]), products(x, w, [2, rows, 5, 4]), 1e-6);
      }
      weights.dispose();
    });

    it('tells reshaped twins of one matrix apart, and outlives their disposal', async () => {
      const w = wave(24, 0.4);
      const weights = tf.tensor3d(w, [2, 3, 4]);
      const check = async (tensor: tf.Tensor3D) => {
        const [runs, inner, columns] = tensor.shape;
        const shape: Shape = [runs, 2, inner, columns];
        const x = wave(runs * 2 * inner, 0.9);
        expectNear(await multiply(x, tensor, shape), products(x, w, shape), 1e-6, tensor.shape.join('×'));
      };
      await check(weights);
      for (const shape of [
        [2, 4, 3],
        [4, 3, 2],
        [4, 2, 3],
        [1, 6, 4],
        [3, 2, 4],
        [2, 3, 4],
      ] as const) {
        const twin = tf.reshape(weights, [...shape]) as tf.Tensor3D;
        await check(twin);
        await check(weights);
        twin.dispose();
        await check(weights);
      }
      weights.dispose();
    });

    // A product that reads past its matrix into the next one and multiplies by 0 makes NaN of NaN.
    it.each([
      [3, 5, 3],
      [2, 8, 4],
      [2, 33, 7],
    ])('keeps a run that is not finite to itself, %i rows, %i by %i', async (rows, inner, columns) => {
      const shape: Shape = [3, rows, inner, columns];
      const x = wave(3 * rows * inner, 0.1);
      const w = wave(3 * inner * columns, 0.5);
      const sick = w.map((value, i) => (Math.floor(i / (inner * columns)) === 1 ? NaN : value));
      const weights = tf.tensor3d(sick, [3, inner, columns]);
      const found = await multiply(x, weights, shape);
      weights.dispose();
      const expected = products(x, w, shape);
      const size = rows * columns;
      expectNear(found.subarray(0, size), expected.slice(0, size), 2e-6, 'the run before');
      expect(found.subarray(size, 2 * size).every(Number.isNaN)).toBe(true);
      expectNear(found.subarray(2 * size), expected.slice(2 * size), 2e-6, 'the run after');
    });

    it('sees a new matrix where an old one lay', async () => {
      const x = wave(2 * 3 * 16, 0.1);
      for (let round = 0; round < 12; round++) {
        const w = wave(2 * 16 * 16, round);
        const weights = tf.tensor3d(w, [2, 16, 16]);
        expectNear(await multiply(x, weights, [2, 3, 16, 16]), products(x, w, [2, 3, 16, 16]), 2e-6, `round ${round}`);
        weights.dispose();
      }
    });
  });
});

describe('fleetMatMul in WASM memory', () => {
  forEachBackend(() => {
    const backend = () =>
      tf.backend() as unknown as BackendWasm & { dataIdMap: tf.DataStorage<{ memoryOffset: number }> };

    it('is tested above with a matrix at the address of an old one', () => {
      const addresses = Array.from({ length: 4 }, (_, round) => {
        const weights = tf.tensor3d(wave(2 * 16 * 16, round), [2, 16, 16]);
        const { memoryOffset } = backend().dataIdMap.get(weights.dataId);
        weights.dispose();
        return memoryOffset;
      });
      expect(new Set(addresses).size).toBeLessThan(addresses.length);
    });

    it('does not grow the heap over many products and gradients with ever new matrices', () => {
      const heap = () => (backend().wasm as unknown as { HEAPU8: Uint8Array }).HEAPU8.length;
      const work = (rounds: number) => {
        for (let round = 0; round < rounds; round++) {
          tf.tidy(() => {
            const x = tf.ones([4, 8, 64]) as tf.Tensor3D;
            const w = tf.ones([4, 64, 64]) as tf.Tensor3D;
            return tf.grad((t) => tf.sum(fleetMatMul(x, t as tf.Tensor3D)))(w);
          }).dispose();
        }
      };
      work(20);
      const before = heap();
      // Packed matrices alone, were they kept, would take 64 KB a product: more than 60 MB.
      work(500);
      expect(heap()).toBe(before);
    });
  }, ['wasm']);
});

describe('writeCache', () => {
  forEachBackend((name) => {
    const HOST_MEMORY = name !== 'webgpu';

    it.each([
      [1, 1, 1, 0],
      [2, 3, 2, 0],
      [2, 3, 2, 2],
      [7, 29, 5, 13],
    ])('puts a row of each of %i×%i×%i at position %i', async (count, length, width, position) => {
      const old = wave(count * length * width, 0.2);
      const rows = wave(count * width, 3);
      const expected = old.map((value, i) => {
        const [n, t, c] = [Math.floor(i / (length * width)), Math.floor(i / width) % length, i % width];
        return t === position ? rows[n * width + c]! : value;
      });
      const fresh = tf.tensor3d(rows, [count, 1, width]);
      const cache = writeCache(tf.tensor3d(old, [count, length, width]), fresh, position);
      fresh.dispose();
      expect(cache.shape).toEqual([count, length, width]);
      expect(await take(cache)).toEqual(expected);
    });

    it('consumes the cache it is given: none is left over, whoever owns the memory', async () => {
      const before = tf.memory().numTensors;
      const given = tf.zeros([2, 3, 2]) as tf.Tensor3D;
      const rows = tf.ones([2, 1, 2]) as tf.Tensor3D;
      const written = writeCache(given, rows, 1);
      expect(tf.memory().numTensors - before).toBe(2);
      expect(given.isDisposed).toBe(!HOST_MEMORY);
      expect(written === given).toBe(HOST_MEMORY);
      rows.dispose();
      expect([...(await take(written))]).toEqual([0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0]);
    });

    // tfjs' WASM backend packs the right-hand matrix of a lone product and keeps it under the tensor's id.
    it.each([1, 2])('is seen by every later product, with %i rows', async (count) => {
      let cache = tf.zeros([count, 2, 2]) as tf.Tensor3D;
      const query = tf.ones([count, 1, 2]) as tf.Tensor3D;
      for (const [position, value] of [
        [0, 3],
        [1, 4],
        [0, 5],
      ] as const) {
        const rows = tf.fill([count, 1, 2], value) as tf.Tensor3D;
        cache = writeCache(cache, rows, position);
        rows.dispose();
        const sums = await take(tf.tidy(() => tf.matMul(query, cache)));
        const expected = position === 0 && value === 3 ? 3 : value === 4 ? 7 : 9;
        expect([...sums]).toEqual(Array(2 * count).fill(expected));
      }
      tf.dispose([cache, query]);
    });
  });
});
