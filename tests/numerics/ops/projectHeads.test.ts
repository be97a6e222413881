import { projectHeadsComposed } from '../../../src/ops/projectHeads/composed';
import { rotaryTable } from '../../../src/ops/projectHeads/rotation';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { projectHeads } from '../../../src/ops/projectHeads/projectHeads';
import { evenRowSets, type RowSets } from '../../../src/ops/rowSets';
import { forEachBackend } from '../../support/backends';
import { expectNear, take, wave } from '../../support/numbers';

/** A set's N floats: 4 of no meaning, the gain, query, key, value. */
const layout = (width: number) => ({
  size: 4 + width + 3 * width * width,
  offsets: {
    gain: 4,
    query: 4 + width,
    key: 4 + width + width * width,
    value: 4 + width + 2 * width * width,
  },
});

interface Case {
  readonly x: Float32Array;
  readonly weights: Float32Array;
  readonly rows: RowSets;
  readonly tokens: number;
  readonly width: number;
  readonly heads: number;
  readonly first: number;
  readonly length: number;
}

/** kv is filled with sevens before. */
function run({ x, weights, rows, tokens, width, heads, first, length }: Case) {
  const { size, offsets } = layout(width);
  const kv = tf.fill([rows.capacity, length, 2, width], 7) as tf.Tensor4D;
  const { q, scale } = projectHeads({
    x: tf.tensor2d(x, [rows.capacity * tokens, width]),
    kv,
    table: rotaryTable(length, width / heads, 10_000),
    weights: tf.tensor2d(weights, [weights.length / size, size]),
    offsets,
    rows,
    heads,
    first,
  });
  return { q, scale, kv };
}

async function takeAll(tensors: { q: tf.Tensor; scale: tf.Tensor; kv: tf.Tensor }) {
  return { q: await take(tensors.q), scale: await take(tensors.scale), kv: await take(tensors.kv) };
}

/** Gain 1, query, key and value 1, 2 and 3 times the identity. */
function identities(width: number): Float32Array {
  const { size, offsets } = layout(width);
  const weights = new Float32Array(size);
  for (let i = 0; i < width; i++) {
    weights[offsets.gain + i] = 1;
    weights[offsets.query + i * (width + 1)] = 1;
    weights[offsets.key + i * (width + 1)] = 2;
    weights[offsets.value + i * (width + 1)] = 3;
  }
  return weights;
}

describe('rotaryTable', () => {
  forEachBackend(() => {
    it('holds cosines, then sines, of position · 10000^(−2i/d)', async () => {
      const found = await take(rotaryTable(3, 4, 10_000));
      const [c, s] = [Math.cos, Math.sin];
      expectNear(found, [1, 1, 0, 0, c(1), c(0.01), s(1), s(0.01), c(2), c(0.02), s(2), s(0.02)], 1e-7);
    });
  });
});

describe('projectHeads', () => {
  forEachBackend(() => {
    it('norms, projects, turns pairs (i, i + d/2) and writes keys and values at their position', async () => {
      // Width 8, one head; x = 2 in column 0, so that its root mean square is 1/√2 and its norm √8. Position 1 of 2.
      const x = new Float32Array(32);
      for (let row = 0; row < 4; row++) x[8 * row] = 2;
      const held = tf.tidy(() =>
        run({ x, weights: identities(8), rows: evenRowSets(1, 4), tokens: 1, width: 8, heads: 1, first: 1, length: 2 }),
      );
      const { q, scale, kv } = await takeAll(held);
      const size = 2 / Math.sqrt(0.5 + 1e-5);
      const [c, s] = [size * Math.cos(1), size * Math.sin(1)];
      for (let row = 0; row < 4; row++) {
        expectNear(q.subarray(8 * row, 8 * row + 8), [c, 0, 0, 0, s, 0, 0, 0], 1e-6);
        expect([...kv.subarray(32 * row, 32 * row + 16)]).toEqual(new Array(16).fill(7));
        expectNear(
          kv.subarray(32 * row + 16, 32 * row + 32),
          [2 * c, 0, 0, 0, 2 * s, 0, 0, 0, 3 * size, 0, 0, 0, 0, 0, 0, 0],
          1e-6,
        );
      }
      expectNear(scale, new Array<number>(4).fill(size / 2), 1e-6);
    });

    it('is finite at zero and at 10⁴, and leaves rows without a set alone', async () => {
      const x = new Float32Array(12 * 8);
      x.fill(NaN, 32, 64);
      x.fill(1e4, 64);
      const held = tf.tidy(() => {
        const rows = { capacity: 12, tiles: tf.tensor1d([0, -1, 0], 'int32') };
        return run({ x, weights: identities(8), rows, tokens: 1, width: 8, heads: 1, first: 0, length: 1 });
      });
      const { q, kv } = await takeAll(held);
      expect([...q.subarray(0, 32)].every((value) => value === 0)).toBe(true);
      expectNear(q.subarray(64), new Array<number>(32).fill(1), 1e-6);
      expect([...kv.subarray(64, 128)]).toEqual(new Array(64).fill(7));
    });

    it.each([
      [1, 4, 1, 8, 1, 0, 1],
      [2, 4, 3, 48, 2, 0, 5],
      [2, 8, 2, 24, 3, 3, 6],
      [3, 4, 5, 64, 4, 0, 5],
    ])(
      'agrees with its composed form: %i sets, %i rows of %i tokens, width %i in %i heads, first %i of %i',
      async (sets, perSet, tokens, width, heads, first, length) => {
        const { size, offsets } = layout(width);
        const [x, weights] = [wave(sets * perSet * tokens * width, 0.1), wave(sets * size, 0.5)];
        const held = tf.tidy(() =>
          run({ x, weights, rows: evenRowSets(sets, perSet), tokens, width, heads, first, length }),
        );
        const { q, scale, kv } = await takeAll(held);
        const composed = tf.tidy(() => {
          const flat = tf.tensor2d(weights, [sets, size]);
          const matrix = (offset: number) =>
            tf.reshape(tf.slice(flat, [0, offset], [-1, width * width]), [sets, width, width]) as tf.Tensor3D;
          const input = tf.tensor3d(x, [sets, perSet * tokens, width]);
          const parameters = {
            gain: tf.slice(flat, [0, offsets.gain], [-1, width]),
            query: matrix(offsets.query),
            key: matrix(offsets.key),
            value: matrix(offsets.value),
          };
          const table = tf.slice(rotaryTable(length, width / heads, 10_000), [first, 0], [tokens, -1]);
          const joined = (h: tf.Tensor4D) => tf.reshape(tf.transpose(h, [0, 2, 1, 3]), [sets * perSet, tokens, width]);
          const { q, k, v } = projectHeadsComposed(input, parameters, table, heads);
          const old = (count: number) => tf.fill([sets * perSet, count, 2, width], 7);
          return {
            q: joined(q),
            kv: tf.concat([old(first), tf.stack([joined(k), joined(v)], 2), old(length - first - tokens)], 1),
            scale: tf.rsqrt(tf.add(tf.mean(tf.square(input), -1), 1e-5)),
          };
        });
        const expected = await takeAll(composed);
        expectNear(q, expected.q, 1e-5, 'queries');
        expectNear(kv, expected.kv, 1e-5, 'keys and values');
        expectNear(scale, expected.scale, 1e-5, 'scales');
      },
    );
  });
});
