import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { logSoftmax } from '../../src/math/logits';
import { gatherRows, gatherRowsComposed } from '../../src/ops/gatherRows/gatherRows';
import { sampleTokens } from '../../src/ops/sampleTokens/sampleTokens';
import { tokenLogProb, tokenLogProbComposed } from '../../src/ops/tokenLogProb/tokenLogProb';
import { forEachBackend } from '../support/backends';
import { expectNear, gradientAndDifferences, take, wave } from '../support/numbers';

const ids2d = (values: readonly number[] | Int32Array, shape: [number, number]) =>
  tf.tensor2d(Int32Array.from(values), shape, 'int32');

/** Fixed ids that hit every entry and repeat some. */
const someIds = (count: number, entries: number) => Int32Array.from({ length: count }, (_, i) => (i * 7 + 3) % entries);

describe('gatherRows', () => {
  forEachBackend(() => {
    const look = (table: Float32Array, shape: [number, number, number], ids: Int32Array, op = gatherRows) =>
      take(tf.tidy(() => op(tf.tensor3d(table, shape), ids2d(ids, [shape[0], ids.length / shape[0]]))));

    it('looks up rows of each run’s own table', async () => {
      const table = Float32Array.from([1, 2, 3, 4, 5, 6, 70, 80, 90, 100, 110, 120]);
      const found = await look(table, [2, 3, 2], Int32Array.from([2, 0, 0, 1]));
      expect([...found]).toEqual([5, 6, 1, 2, 70, 80, 90, 100]);
    });

    // Two sizes one after the other: a compiled shader must not remember the first.
    it.each([
      [1, 1, 1, 1],
      [3, 193, 1, 2],
      [2, 7, 67, 5],
      [2, 64, 16, 130],
    ])('copies exactly for %i runs of %i entries of width %i, %i rows', async (runs, entries, width, rows) => {
      const table = wave(runs * entries * width, 0.2);
      const ids = someIds(runs * rows, entries);
      const expected = Float32Array.from({ length: runs * rows * width }, (_, i) => {
        const row = Math.floor(i / width);
        return table[(Math.floor(row / rows) * entries + ids[row]!) * width + (i % width)]!;
      });
      expect(await look(table, [runs, entries, width], ids)).toEqual(expected);
      expect(await look(table, [runs, entries, width], ids, gatherRowsComposed)).toEqual(expected);
    });

    it('adds up the gradient of repeated rows, in both forms', async () => {
      const ids = Int32Array.from([1, 1, 0, 1, 2, 2, 2, 0]);
      for (const op of [gatherRows, gatherRowsComposed]) {
        const { gradient, differences } = await gradientAndDifferences(
          (table) => op(table as tf.Tensor3D, ids2d(ids, [2, 4])),
          [2, 3, 2],
          wave(12),
        );
        expectNear(gradient, differences, 1e-4);
      }
    });
  });
});

describe('tokenLogProb', () => {
  forEachBackend((name) => {
    const logProbs = (logits: Float32Array, shape: [number, number, number], ids: Int32Array, op = tokenLogProb) =>
      take(tf.tidy(() => op(tf.tensor3d(logits, shape), ids2d(ids, [shape[0], shape[1]]))));

    it('is log p of the token', async () => {
      const logits = Float32Array.from([0, Math.log(3), 5, 5]);
      const found = await logProbs(logits, [2, 1, 2], Int32Array.from([1, 0]));
      expectNear(found, [Math.log(0.75), Math.log(0.5)], 1e-6);
    });

    it.each([
      [1, 1, 1],
      [1, 3, 193],
      [2, 67, 21],
      [3, 5, 257],
    ])('agrees with float64 for %i runs of %i rows, V = %i, in both forms', async (runs, rows, vocabulary) => {
      const logits = wave(runs * rows * vocabulary).map((x) => 8 * x);
      const ids = someIds(runs * rows, vocabulary);
      const expected = Array.from(ids, (id, row) => {
        return logSoftmax(logits.subarray(row * vocabulary, (row + 1) * vocabulary))[id]!;
      });
      expectNear(await logProbs(logits, [runs, rows, vocabulary], ids), expected, 1e-6);
      expectNear(await logProbs(logits, [runs, rows, vocabulary], ids, tokenLogProbComposed), expected, 1e-6);
    });

    it('stays accurate at extreme logits, in both forms', async () => {
      const rowsOf4 = [
        [1e4, 1e4 - 1, -1e4, 0],
        [-1e4, -1e4 + 1, -1e4, -1e4],
        [7, 7, 7, 7],
        [0.5, -1e9, 0.5, 0.5], // a masked entry
        [0.5, -1e9, 0.5, 0.5],
        [-1e9, -1e9, -1e9, -1e9], // nothing but masked entries
      ];
      const ids = Int32Array.from([1, 0, 3, 2, 1, 2]);
      const expected = rowsOf4.map((row, i) => logSoftmax(row)[ids[i]!]!);
      const logits = Float32Array.from(rowsOf4.flat());
      for (const op of [tokenLogProb, tokenLogProbComposed]) {
        const found = await logProbs(logits, [1, 6, 4], ids, op);
        expected.forEach((value, i) => {
          expect(Math.abs(found[i]! - value), `row ${i}, ${name}`).toBeLessThanOrEqual(1e-6 * Math.abs(value));
        });
      }
    });

    it('has the gradient of central differences, in both forms, and none in a row of V = 1', async () => {
      for (const op of [tokenLogProb, tokenLogProbComposed]) {
        const { gradient, differences } = await gradientAndDifferences(
          (logits) => op(logits as tf.Tensor3D, ids2d([2, 0, 1, 1], [2, 2])),
          [2, 2, 3],
          wave(12).map((x) => 3 * x),
        );
        expectNear(gradient, differences, 3e-4);
        const lone = tf.tidy(() =>
          tf.grad((logits) => op(logits as tf.Tensor3D, ids2d([0, 0], [1, 2])))(tf.tensor3d([4, -2], [1, 2, 1])),
        );
        expectNear(await take(lone), [0, 0], 1e-6);
      }
    });

    it('gives masked tokens no gradient', async () => {
      const gradient = await take(
        tf.tidy(() => {
          const mask = tf.tensor2d([[1, 0]]);
          return tf.grad((logits) => tf.mul(tokenLogProb(logits as tf.Tensor3D, ids2d([2, 1], [1, 2])), mask))(
            tf.tensor3d(wave(6), [1, 2, 3]),
          );
        }),
      );
      expect([...gradient.subarray(3)].every((x) => x === 0)).toBe(true);
      expect(gradient.subarray(0, 3).every((x) => x !== 0)).toBe(true);
    });
  });
});

describe('sampleTokens', () => {
  forEachBackend(() => {
    /** One run whose policy and reference rows are given; a and 1/temperature the same for all rows. */
    async function draw(policy: number[][], reference: number[][], a: number, scale: number): Promise<Int32Array> {
      const rows = policy.length;
      const tokens = tf.tidy(() =>
        sampleTokens(
          tf.tensor3d([policy, reference]),
          tf.fill([1, rows], a) as tf.Tensor2D,
          tf.fill([1, rows], scale) as tf.Tensor2D,
          tf.tensor1d([11], 'int32'),
          { stream: 2, step: 5, token: 1 },
        ),
      );
      expect(tokens.shape).toEqual([1, rows]);
      expect(tokens.dtype).toBe('int32');
      return (await take(tokens)) as unknown as Int32Array;
    }
    const repeat = (row: number[], count = 150) => Array.from({ length: count }, () => row);
    const seen = (tokens: Int32Array) => [...new Set(tokens)].sort((a, b) => a - b);

    it('draws the only token there is', async () => {
      expect(seen(await draw(repeat([3]), repeat([-1]), 0.5, 1))).toEqual([0]);
    });

    it('follows the logits at their extremes', async () => {
      expect(seen(await draw(repeat([-1e4, 1e4, 0]), repeat([0, 0, 0]), 0, 1))).toEqual([1]);
      expect(seen(await draw(repeat([0, -1e9, 0]), repeat([0, 0, 0]), 0, 1))).toEqual([0, 2]);
      const masked = await draw(repeat([-1e9, -1e9, -1e9]), repeat([-1e9, -1e9, -1e9]), 1, 1);
      expect(seen(masked).every((token) => token >= 0 && token < 3)).toBe(true);
    });

    it('interpolates: a = −1 is the reference, a = 1 leads away from it', async () => {
      expect(seen(await draw(repeat([50, 0, 0]), repeat([0, 0, 50]), -1, 1))).toEqual([2]);
      expect(seen(await draw(repeat([50, 30, 0]), repeat([80, 0, 0]), 1, 1))).toEqual([1]);
    });

    it('draws from everything at scale 0, and from the likeliest only when cold', async () => {
      expect(seen(await draw(repeat([9, 0, -9, 0]), repeat([0, 0, 0, 0]), 0, 0))).toEqual([0, 1, 2, 3]);
      expect(seen(await draw(repeat([9, 0, -9, 0]), repeat([0, 0, 0, 0]), 0, 20))).toEqual([0]);
    });
  });
});
