import { normedLogitsComposed } from '../../../src/ops/normedLogits/composed';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { logitsGradient, normedLogits, setUnembeddingGradient } from '../../../src/ops/normedLogits/normedLogits';
import { evenRowSets } from '../../../src/ops/rowSets';
import { forEachBackend } from '../../support/backends';
import { expectNear, take, wave } from '../../support/numbers';

interface Sizes {
  readonly sets: number;
  readonly rows: number; // of a set
  readonly tokens: number;
  readonly skip: number;
  readonly count: number;
  readonly width: number;
  readonly vocabulary: number;
}

/** The table is between NaNs, so that a load beyond its ends shows. */
function inputs({ sets, rows, tokens, skip, count, width, vocabulary }: Sizes) {
  const x = tf.tensor2d(wave(sets * rows * tokens * width, 0.1), [sets * rows * tokens, width]);
  const gain = tf.tensor2d(wave(sets * width, 0.2), [sets, width]);
  const embedding = tf.tensor3d(wave(sets * vocabulary * width, 0.9), [sets, vocabulary, width]);
  const nothing = tf.fill([sets, 4], NaN);
  const weights = tf.concat([gain, nothing, tf.reshape(embedding, [sets, -1]), nothing], 1) as tf.Tensor2D;
  const byRow = tf.slice(tf.reshape(x, [sets * rows, tokens, width]), [0, skip, 0], [-1, count, -1]);
  const predicted = tf.reshape(byRow, [sets, rows * count, width]) as tf.Tensor3D;
  const scale = tf.rsqrt(tf.add(tf.mean(tf.square(predicted), -1), 1e-5));
  const slopes = wave(sets * rows * count * vocabulary, 1.7);
  return { x, gain, embedding, weights, offsets: { gain: 0, embedding: width + 4 }, predicted, scale, slopes };
}

const SHAPES: Sizes[] = [
  { sets: 1, rows: 4, tokens: 1, skip: 0, count: 1, width: 4, vocabulary: 1 },
  { sets: 2, rows: 8, tokens: 5, skip: 1, count: 3, width: 8, vocabulary: 7 },
  { sets: 3, rows: 4, tokens: 4, skip: 3, count: 1, width: 12, vocabulary: 10 },
  { sets: 1, rows: 4, tokens: 3, skip: 0, count: 3, width: 68, vocabulary: 33 },
  { sets: 2, rows: 4, tokens: 9, skip: 1, count: 8, width: 20, vocabulary: 2000 },
];
const CASE = '$sets sets, $rows rows, $count from $skip of $tokens tokens, width $width, vocabulary $vocabulary';

describe('normedLogits', () => {
  forEachBackend(() => {
    it('norms the last position and compares it with every entry', async () => {
      // Rows of two tokens, of which the second is 3: its norm is 1; entries 1 and −2.
      const rows = evenRowSets(1, 4);
      const [logits, scale] = await Promise.all(
        tf
          .tidy(() => {
            const x = tf.reshape(tf.tile(tf.tensor2d([NaN, 3], [2, 1]), [4, 4]), [8, 4]);
            const weights = tf.tensor2d([[1, 1, 1, 1, 1, 1, 1, 1, -2, -2, -2, -2]]);
            const offsets = { gain: 0, embedding: 4 };
            const found = normedLogits({
              x: x as tf.Tensor2D,
              weights,
              offsets,
              vocabulary: 2,
              rows,
              skip: 1,
              count: 1,
            });
            return [found.logits, found.scale];
          })
          .map(take),
      );
      rows.tiles.dispose();
      expectNear(logits!, [4, -8, 4, -8, 4, -8, 4, -8], 1e-5);
      expectNear(scale!, [1 / 3, 1 / 3, 1 / 3, 1 / 3], 1e-5);
    });

    it.each(SHAPES)(`agrees with its composed form: ${CASE}`, async (sizes) => {
      const { sets, vocabulary, skip, count } = sizes;
      const rows = evenRowSets(sets, sizes.rows);
      const [logits, scale, composed, scales] = await Promise.all(
        tf
          .tidy(() => {
            const { x, gain, embedding, weights, offsets, predicted, scale } = inputs(sizes);
            const found = normedLogits({ x, weights, offsets, vocabulary, rows, skip, count });
            return [found.logits, found.scale, normedLogitsComposed(predicted, gain, embedding), scale];
          })
          .map(take),
      );
      rows.tiles.dispose();
      expectNear(logits!, composed!, 1e-5, 'logits');
      expectNear(scale!, scales!, 1e-5, 'scale');
    });

    it('keeps to the rows that have a set, and to each one’s own', async () => {
      // Two tokens a row. Rows of set 1, of none, and of set 0, whose weights have diverged.
      const sizes = { sets: 2, rows: 12, tokens: 2, skip: 0, count: 2, width: 8, vocabulary: 5 };
      const rows = { capacity: 12, tiles: tf.tensor1d([1, -1, 0], 'int32') };
      const [logits, composed] = await Promise.all(
        tf
          .tidy(() => {
            const { x, gain, embedding, weights, offsets } = inputs(sizes);
            const diverged = tf.concat([tf.fill([1, weights.shape[1]], NaN), tf.slice(weights, [1, 0])]) as tf.Tensor2D;
            const ours = tf.slice(x, [0, 0], [24, -1]);
            const { logits } = normedLogits({ ...sizes, x: ours, weights: diverged, offsets, rows });
            return [logits, normedLogitsComposed(tf.stack([ours, ours]) as tf.Tensor3D, gain, embedding)];
          })
          .map(take),
      );
      rows.tiles.dispose();
      expectNear(logits!.subarray(0, 8 * 5), composed!.subarray(24 * 5, 32 * 5), 1e-5);
      expect(logits!.subarray(16 * 5).every(Number.isNaN)).toBe(true);
    });

    it('stays finite at zero and at huge states', async () => {
      const rows = evenRowSets(1, 4);
      const logits = await take(
        tf.tidy(() => {
          const x = tf.tensor2d(
            [0, 1e-20, 1e15, -1e15].flatMap((value) => new Array<number>(4).fill(value)),
            [4, 4],
          );
          const offsets = { gain: 0, embedding: 0 };
          return normedLogits({ x, weights: tf.ones([1, 4]), offsets, vocabulary: 1, rows, skip: 0, count: 1 }).logits;
        }),
      );
      rows.tiles.dispose();
      expectNear(logits, [0, 0, 4, -4], 1e-5);
    });
  });
});

describe('gradients of normedLogits', () => {
  forEachBackend(() => {
    it.each(SHAPES)(`agree with tf.grads: ${CASE}`, async (sizes) => {
      const { sets, width, vocabulary, skip, count } = sizes;
      const predictedRows = sizes.rows * count;
      const rows = evenRowSets(sets, sizes.rows);
      const [dNormed, gradient, dNormedByTf, dEmbedding] = await Promise.all(
        tf
          .tidy(() => {
            const { x, gain, embedding, weights, offsets, predicted, scale, slopes } = inputs(sizes);
            const dLogits = tf.tensor2d(slopes, [sets * predictedRows, vocabulary]);
            const gradient = tf.fill([sets, weights.shape[1]], 7) as tf.Tensor2D;
            const flatScale = tf.reshape(scale, [-1]) as tf.Tensor1D;
            setUnembeddingGradient({ dLogits, x, scale: flatScale, gradient, weights, offsets, rows, skip });
            const dy = tf.tensor3d(slopes, [sets, predictedRows, vocabulary]);
            const normed = tf.mul(tf.mul(predicted, tf.expandDims(scale, -1)), tf.expandDims(gain, 1));
            return [
              logitsGradient({ dLogits, weights, offset: offsets.embedding, width, rows }),
              gradient,
              tf.grad((n) => tf.matMul(n, embedding, false, true))(normed, dy),
              tf.grad((e) => normedLogitsComposed(predicted, gain, e as tf.Tensor3D))(embedding, dy),
            ];
          })
          .map(take),
      );
      rows.tiles.dispose();
      expectNear(dNormed!, dNormedByTf!, 1e-5, 'dLogits·E');
      const [size, table] = [gradient!.length / sets, vocabulary * width];
      for (let set = 0; set < sets; set++) {
        const found = gradient!.subarray(set * size, (set + 1) * size);
        const [before, after] = [found.subarray(0, width + 4), found.subarray(width + 4 + table)];
        expectNear(
          found.subarray(width + 4, width + 4 + table),
          dEmbedding!.subarray(set * table, (set + 1) * table),
          1e-5,
        );
        expect([...before, ...after].every((untouched) => untouched === 7)).toBe(true);
      }
    });
  });
});
