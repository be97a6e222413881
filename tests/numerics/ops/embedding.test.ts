import { embedTokensComposed } from '../../../src/ops/embedding/composed';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { addEmbeddingGradient, embedTokens } from '../../../src/ops/embedding/embedding';
import { evenRowSets } from '../../../src/ops/rowSets';
import { forEachBackend } from '../../support/backends';
import { expectNear, take, wave } from '../../support/numbers';

/** Sets, rows a set, tokens a row, vocabulary, width. */
const SHAPES = [
  [1, 4, 1, 1, 4],
  [2, 8, 3, 37, 12],
  [3, 4, 5, 3, 8],
] as const;

const someTokens = (count: number, vocabulary: number) =>
  Int32Array.from({ length: count }, (_, i) => (7 * i * i + 3 * i) % vocabulary);

describe('embedTokens', () => {
  forEachBackend(() => {
    it('takes rows of each set’s own table and leaves rows without a set alone', async () => {
      // Two sets, N = 12: a 2 × 4 table behind 4 other floats. Rows 0–3 run under set 1, rows 4–7 under none.
      const weights = Float32Array.from({ length: 24 }, (_, i) => i);
      const found = await take(
        tf.tidy(() => {
          const rows = { capacity: 12, tiles: tf.tensor1d([1, -1, 0], 'int32') };
          const tokens = tf.tensor2d([0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 0], [12, 1], 'int32');
          return embedTokens(tokens, tf.tensor2d(weights, [2, 12]), 4, 4, rows);
        }),
      );
      const row = (position: number) => [...found.subarray(4 * position, 4 * position + 4)];
      expect(row(0)).toEqual([16, 17, 18, 19]);
      expect(row(1)).toEqual([20, 21, 22, 23]);
      expect(row(8)).toEqual([8, 9, 10, 11]);
      expect(row(11)).toEqual([4, 5, 6, 7]);
    });

    it.each(SHAPES)(
      'agrees with its composed form: %i sets, %i rows of %i tokens, table %i × %i',
      async (sets, rows, length, vocabulary, width) => {
        const ids = someTokens(sets * rows * length, vocabulary);
        const table = wave(sets * vocabulary * width, 0.2);
        const found = await take(
          tf.tidy(() =>
            embedTokens(
              tf.tensor2d(ids, [sets * rows, length], 'int32'),
              tf.tensor2d(table, [sets, vocabulary * width]),
              0,
              width,
              evenRowSets(sets, rows),
            ),
          ),
        );
        const composed = await take(
          tf.tidy(() =>
            embedTokensComposed(
              tf.tensor2d(ids, [sets, rows * length], 'int32'),
              tf.tensor3d(table, [sets, vocabulary, width]),
            ),
          ),
        );
        expectNear(found, composed, 1e-6);
      },
    );
  });
});

describe('addEmbeddingGradient', () => {
  forEachBackend(() => {
    const add = (tokens: number[], dx: tf.Tensor2D, vocabulary: number, offset: number, gradient: tf.Tensor2D) => {
      const rows = evenRowSets(gradient.shape[0], tokens.length / gradient.shape[0]);
      addEmbeddingGradient(tf.tensor2d(tokens, [tokens.length, 1], 'int32'), dx, gradient, offset, vocabulary, rows);
      return gradient;
    };

    it('adds every position to its token’s row, in place, and nothing to the rest', async () => {
      // N = 16: a 2 × 4 table between 4 and 4 other floats. Tokens 1, 0, 1, 1, and one behind the vocabulary.
      const found = await take(tf.tidy(() => add([1, 0, 1, 1, 1, 1, 2, 0], tf.ones([8, 4]), 2, 4, tf.ones([2, 16]))));
      const each = (...values: number[]) => values.flatMap((value) => [value, value, value, value]);
      expect([...found]).toEqual([...each(1, 2, 4, 1), ...each(1, 2, 3, 1)]);
    });

    it('sums in the order of the positions', async () => {
      // In float32, (1e8 + 1) − 1e8 = 0 and (1e8 − 1e8) + 1 = 1.
      const dx = [1e8, 1, -1e8, 0, 1e8, -1e8, 1, 0].flatMap((x) => [x, x, x, x]);
      const found = await take(
        tf.tidy(() => add(new Array<number>(8).fill(0), tf.tensor2d(dx, [8, 4]), 1, 0, tf.zeros([2, 4]))),
      );
      expect([...found]).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    });

    it.each(SHAPES)(
      'agrees with the gradient of the composed form: %i sets, %i rows of %i tokens, table %i × %i',
      async (sets, rows, length, vocabulary, width) => {
        const ids = someTokens(sets * rows * length, vocabulary);
        const positions = sets * rows * length;
        const [dx, before] = [wave(positions * width, 0.4), wave(sets * vocabulary * width, 0.8)];
        const found = await take(
          tf.tidy(() => {
            const gradient = tf.tensor2d(before.slice(), [sets, vocabulary * width]);
            addEmbeddingGradient(
              tf.tensor2d(ids, [sets * rows, length], 'int32'),
              tf.tensor2d(dx, [positions, width]),
              gradient,
              0,
              vocabulary,
              evenRowSets(sets, rows),
            );
            return gradient;
          }),
        );
        const composed = await take(
          tf.tidy(() => {
            const tokens = tf.tensor2d(ids, [sets, rows * length], 'int32');
            const gradientOf = tf.grad((table) => embedTokensComposed(tokens, table as tf.Tensor3D));
            const start = tf.tensor3d(before, [sets, vocabulary, width]);
            return tf.add(start, gradientOf(start, tf.tensor3d(dx, [sets, rows * length, width])));
          }),
        );
        expectNear(found, composed, 1e-6);
      },
    );
  });
});
