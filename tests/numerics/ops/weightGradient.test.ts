import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { rmsNormComposed } from '../../../src/ops/rmsNorm/composed';
import { evenRowSets } from '../../../src/ops/rowSets';
import { weightGradientComposed } from '../../../src/ops/weightGradient/composed';
import { setWeightGradient } from '../../../src/ops/weightGradient/weightGradient';
import { forEachBackend } from '../../support/backends';
import { expectNear, take, wave } from '../../support/numbers';

/** Gradients of one product, of two, or of queries with keys and values. // parts: [n, inner] each */
function termsOf(parts: readonly tf.Tensor2D[], offsets: readonly number[]) {
  const [positions, inner] = parts[0]!.shape;
  const term = (dy: tf.Tensor, part: number, column = 0) => ({ dy, column, inner, offset: offsets[part]! });
  if (parts.length < 3) return parts.map((dy, part) => term(dy, part));
  const dkv = tf.reshape(tf.concat([parts[1]!, parts[2]!], 1), [positions, 2, inner]);
  return [term(parts[0]!, 0), term(dkv, 1), term(dkv, 2, inner)];
}

/** Untouched floats before the first matrix. */
const GAP = 4;

describe('setWeightGradient', () => {
  forEachBackend(() => {
    it('sums outer products over the positions of each set', async () => {
      // Two sets of four positions: x = 1, 2, 3, 4 in each column; dy = 1, then 10.
      const rows = evenRowSets(2, 4);
      const found = await take(
        tf.tidy(() => {
          const x = tf.tile(tf.tensor2d([[1, 2, 3, 4]]), [8, 1]);
          const dy = tf.concat([tf.ones([4, 4]), tf.fill([4, 4], 10)]);
          const gradient = tf.fill([2, 20], 7) as tf.Tensor2D;
          setWeightGradient({ x, norm: null, terms: [{ dy, column: 0, inner: 4, offset: 4 }], gradient, rows });
          return gradient;
        }),
      );
      rows.tiles.dispose();
      const matrix = (factor: number) => [1, 2, 3, 4].flatMap((i) => new Array<number>(4).fill(4 * i * factor));
      expect([...found]).toEqual([7, 7, 7, 7, ...matrix(1), 7, 7, 7, 7, ...matrix(10)]);
    });

    it.each([
      [1, false, 1, 4, 1, 4, 4],
      [1, true, 2, 4, 3, 8, 12],
      [1, false, 3, 8, 3, 12, 8],
      [2, false, 2, 4, 3, 8, 4],
      [2, true, 2, 8, 5, 8, 12],
      [3, false, 2, 4, 3, 8, 8],
      [3, true, 1, 4, 2, 64, 64],
    ])(
      'agrees with its composed form: %i terms, normed %s, %i sets, %i rows of %i tokens, matrices %i × %i',
      async (count, normed, sets, rows, tokens, width, inner) => {
        const positions = rows * tokens;
        const size = width * inner;
        const dys = Array.from({ length: count }, (_, term) => wave(sets * positions * inner, 0.4 + term));
        const [xs, gains] = [wave(sets * positions * width, 0.8), wave(sets * width, 0.3)];
        const rowSets = evenRowSets(sets, rows);
        const [gradient, ...expected] = await Promise.all(
          tf
            .tidy(() => {
              const x = tf.tensor3d(xs, [sets, positions, width]);
              const gain = tf.tensor2d(gains, [sets, width]);
              const scale = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1), 1e-5));
              // The gain behind the matrices.
              const weights = tf.concat([tf.fill([sets, GAP + count * size], NaN), gain], 1) as tf.Tensor2D;
              const gradient = tf.fill([sets, weights.shape[1]], 7) as tf.Tensor2D;
              setWeightGradient({
                x: tf.reshape(x, [sets * positions, width]) as tf.Tensor2D,
                norm: normed
                  ? { scale: tf.reshape(scale, [-1]) as tf.Tensor1D, weights, gain: GAP + count * size }
                  : null,
                terms: termsOf(
                  dys.map((values) => tf.tensor2d(values, [sets * positions, inner])),
                  dys.map((_, term) => GAP + term * size),
                ),
                gradient,
                rows: rowSets,
              });
              const h = normed ? rmsNormComposed(x, gain) : x;
              const dy = (values: Float32Array) => tf.tensor3d(values, [sets, positions, inner]);
              return [gradient, ...dys.map((values) => weightGradientComposed(h, dy(values)))];
            })
            .map(take),
        );
        rowSets.tiles.dispose();
        const stride = gradient!.length / sets;
        for (let set = 0; set < sets; set++) {
          const found = gradient!.subarray(set * stride, (set + 1) * stride);
          expected.forEach((matrices, term) => {
            const at = GAP + term * size;
            const matrix = matrices.subarray(set * size, (set + 1) * size);
            expectNear(found.subarray(at, at + size), matrix, 1e-5, `set ${set}, term ${term}`);
          });
          const untouched = [...found.subarray(0, GAP), ...found.subarray(GAP + count * size)];
          expect(untouched.every((value) => value === 7)).toBe(true);
        }
      },
    );

    it('keeps diverged sets to themselves and takes huge values of small scale', async () => {
      const rows = evenRowSets(2, 4);
      const found = await take(
        tf.tidy(() => {
          const x = tf.concat([tf.fill([4, 4], NaN), tf.fill([4, 4], 1e15)]) as tf.Tensor2D;
          const scale = tf.fill([8], 1e-15) as tf.Tensor1D;
          const gradient = tf.zeros([2, 20]) as tf.Tensor2D;
          const norm = { scale, weights: tf.ones([2, 20]) as tf.Tensor2D, gain: 16 };
          const terms = [{ dy: tf.fill([8, 4], 1e25), column: 0, inner: 4, offset: 0 }];
          setWeightGradient({ x, norm, terms, gradient, rows });
          return gradient;
        }),
      );
      rows.tiles.dispose();
      expect(found.subarray(0, 16).every(Number.isNaN)).toBe(true);
      expectNear(found.subarray(20, 36), new Array<number>(16).fill(4e25), 1e-5);
    });
  });
});
