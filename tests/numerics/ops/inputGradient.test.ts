import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { inputGradientComposed } from '../../../src/ops/inputGradient/composed';
import { inputGradient } from '../../../src/ops/inputGradient/inputGradient';
import { evenRowSets } from '../../../src/ops/rowSets';
import { forEachBackend } from '../../support/backends';
import { expectNear, take, wave } from '../../support/numbers';

/** Gradients of `parts` products side by side, as each arrangement's buffers hold them. // parts: [n, inner] each */
function termsOf(parts: readonly tf.Tensor2D[], offsets: readonly number[]) {
  const [positions, inner] = parts[0]!.shape;
  const term = (dy: tf.Tensor, part: number, column = 0) => ({ dy, column, inner, offset: offsets[part]! });
  if (parts.length < 3) return parts.map((dy, part) => term(dy, part));
  const dkv = tf.reshape(tf.concat([parts[1]!, parts[2]!], 1), [positions, 2, inner]);
  return [term(parts[0]!, 0), term(dkv, 1), term(dkv, 2, inner)];
}

describe('inputGradient', () => {
  forEachBackend(() => {
    it('multiplies by the transposed matrix, from a column on', async () => {
      // dy's last four of eight columns are 1, 2, 3, 4; row i of the matrix holds i everywhere.
      const rows = evenRowSets(1, 4);
      const found = await take(
        tf.tidy(() => {
          const dy = tf.tile(tf.tensor2d([[NaN, NaN, NaN, NaN, 1, 2, 3, 4]]), [4, 1]);
          const weights = tf.tensor2d([[0, 1, 2, 3].flatMap((row) => [row, row, row, row])]);
          return inputGradient({ terms: [{ dy, column: 4, inner: 4, offset: 0 }], weights, width: 4, rows });
        }),
      );
      rows.tiles.dispose();
      expect([...found]).toEqual([0, 1, 2, 3].flatMap(() => [0, 10, 20, 30]));
    });

    it.each([
      [1, 1, 4, 1, 4, 4],
      [1, 3, 8, 3, 12, 8],
      [2, 2, 8, 5, 8, 12],
      [3, 2, 4, 3, 8, 8],
      [3, 1, 4, 2, 64, 64],
    ])(
      'agrees with its composed form: %i terms, %i sets, %i rows of %i tokens, %i columns from %i',
      async (count, sets, rows, tokens, width, inner) => {
        const positions = rows * tokens;
        const dys = Array.from({ length: count }, (_, term) => wave(sets * positions * inner, 0.4 + term));
        const matrices = Array.from({ length: count }, (_, term) => wave(sets * width * inner, 1.3 * term));
        const rowSets = evenRowSets(sets, rows);
        const [found, expected] = await Promise.all(
          tf
            .tidy(() => {
              const weights = tf.concat(
                [tf.fill([sets, 4], NaN), ...matrices.map((values) => tf.tensor2d(values, [sets, width * inner]))],
                1,
              ) as tf.Tensor2D;
              const flat = dys.map((values) => tf.tensor2d(values, [sets * positions, inner]));
              const terms = termsOf(
                flat,
                matrices.map((_, term) => 4 + term * width * inner),
              );
              return [
                inputGradient({ terms, weights, width, rows: rowSets }),
                inputGradientComposed(
                  dys.map((values) => tf.tensor3d(values, [sets, positions, inner])),
                  matrices.map((values) => tf.tensor3d(values, [sets, width, inner])),
                ),
              ];
            })
            .map(take),
        );
        rowSets.tiles.dispose();
        expectNear(found!, expected!, 1e-5);
      },
    );

    it('keeps diverged sets to themselves and sums large terms of either sign', async () => {
      const rows = evenRowSets(2, 4);
      const found = await take(
        tf.tidy(() => {
          const dy = tf.fill([8, 4], 1e10);
          const terms = [
            { dy, column: 0, inner: 4, offset: 0 },
            { dy: tf.neg(dy), column: 0, inner: 4, offset: 16 },
          ];
          const weights = tf.concat([tf.fill([1, 32], NaN), tf.fill([1, 32], 1e20)]) as tf.Tensor2D;
          return inputGradient({ terms, weights, width: 4, rows });
        }),
      );
      rows.tiles.dispose();
      expect(found.subarray(0, 16).every(Number.isNaN)).toBe(true);
      // Terms of 4·10³⁰: what float32 leaves of their difference, and no infinity.
      expect(found.subarray(16).every((value) => Math.abs(value) <= 1e-6 * 4e30)).toBe(true);
    });

    it('refuses terms that no kernel is for', () => {
      const rows = evenRowSets(1, 4);
      tf.tidy(() => {
        const dy = tf.ones([4, 8]);
        const term = (column: number, inner: number) => ({ dy, column, inner, offset: 0 });
        const call = (terms: ReturnType<typeof term>[]) => () =>
          inputGradient({ terms, weights: tf.ones([1, 16]), width: 4, rows });
        expect(call([term(0, 4), term(4, 4)])).toThrow('No kernel for terms that read buffers 0,0');
        expect(call([term(0, 4), { ...term(4, 8), dy: tf.ones([4, 8]) }])).toThrow('different widths');
      });
      rows.tiles.dispose();
    });
  });
});
