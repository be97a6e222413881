import { gatherRowsComposed } from '../../../src/ops/gatherRows/composed';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { gatherRows } from '../../../src/ops/gatherRows/gatherRows';
import { forEachBackend } from '../../support/backends';
import { expectNear, gradientAndDifferences, take, wave } from '../../support/numbers';

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
