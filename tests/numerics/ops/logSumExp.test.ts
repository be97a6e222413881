import { logSumExpComposed } from '../../../src/ops/logSumExp/composed';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { logSumExp as logSumExp64 } from '../../../src/math/logits';
import { logSumExp } from '../../../src/ops/logSumExp/logSumExp';
import { forEachBackend } from '../../support/backends';
import { expectNear, gradientAndDifferences, take, wave } from '../../support/numbers';

describe('logSumExp', () => {
  forEachBackend(() => {
    const totals = (x: Float32Array, shape: [number, number, number], op = logSumExp) =>
      take(tf.tidy(() => op(tf.tensor3d(x, shape))));

    it.each([
      [1, 1, 1],
      [2, 3, 21],
      [3, 67, 193],
    ])('agrees with float64 for %i sets of %i rows of %i, in both forms', async (sets, rows, count) => {
      const x = wave(sets * rows * count).map((value) => 8 * value);
      const expected = Array.from({ length: sets * rows }, (_, i) =>
        logSumExp64(x.subarray(i * count, (i + 1) * count)),
      );
      for (const op of [logSumExp, logSumExpComposed]) {
        expectNear(await totals(x, [sets, rows, count], op), expected, 1e-6);
      }
    });

    it('is finite at the extremes, and keeps a row that is not to itself', async () => {
      const rows = [
        [1e4, 1e4],
        [-1e4, -1e4],
        [0, -1e9],
        [NaN, 1],
        [0, 0],
      ];
      const found = await totals(Float32Array.from(rows.flat()), [1, 5, 2]);
      expectNear([...found.subarray(0, 3), found[4]!], [1e4 + Math.LN2, -1e4 + Math.LN2, 0, Math.LN2], 1e-6);
      expect(Number.isFinite(found[3])).toBe(false);
    });

    it('has the gradient of central differences, in both forms', async () => {
      for (const op of [logSumExp, logSumExpComposed]) {
        const { gradient, differences } = await gradientAndDifferences(
          (x) => op(x as tf.Tensor3D),
          [2, 2, 3],
          wave(12).map((x) => 3 * x),
        );
        expectNear(gradient, differences, 3e-4);
      }
    });
  });
});
