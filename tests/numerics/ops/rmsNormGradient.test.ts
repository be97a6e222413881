import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { rmsNormGradient } from '../../../src/ops/rmsNorm/rmsNorm';
import { rmsNormComposed } from '../../../src/ops/rmsNorm/composed';
import { evenRowSets } from '../../../src/ops/rowSets';
import { forEachBackend } from '../../support/backends';
import { expectNear, take, wave } from '../../support/numbers';

describe('rmsNormGradient', () => {
  forEachBackend(() => {
    it('takes out what lies along x', async () => {
      // x = 1 everywhere, so n = 1: a dy of 1 lies along it, one of ±1 across.
      const rows = evenRowSets(1, 4);
      const [dx, gradient] = await Promise.all(
        tf
          .tidy(() => {
            const dy = tf.tensor2d([1, 1, 1, 1, 1, -1, 1, -1, 0, 0, 0, 0, 1, 1, -1, -1], [4, 4]);
            const gradient = tf.fill([1, 8], 7) as tf.Tensor2D;
            const weights = tf.tensor2d([[NaN, NaN, NaN, NaN, 2, 2, 2, 2]]);
            const [x, scale] = [tf.ones([4, 4]) as tf.Tensor2D, tf.ones([4]) as tf.Tensor1D];
            const dx = rmsNormGradient({ dy, x, scale, weights, offset: 4, gradient, residual: null, rows, skip: 0 });
            return [dx, gradient];
          })
          .map(take),
      );
      rows.tiles.dispose();
      expect([...dx!]).toEqual([0, 0, 0, 0, 2, -2, 2, -2, 0, 0, 0, 0, 2, 2, -2, -2]);
      expect([...gradient!]).toEqual([7, 7, 7, 7, 3, 1, 1, -1]);
    });

    it.each([
      [1, 4, 1, 0, 1, 4, false],
      [2, 8, 5, 1, 3, 8, false],
      [2, 4, 3, 0, 3, 12, true],
      [3, 4, 4, 3, 1, 8, true],
      [1, 4, 2, 0, 2, 68, true],
    ])(
      'agrees with tf.grads: %i sets, %i rows of %i tokens, from %i %i, width %i, residual %s',
      async (sets, rows, tokens, skip, count, width, hasResidual) => {
        const positions = sets * rows * tokens;
        const [xs, gains] = [wave(positions * width, 0.1), wave(sets * width, 0.2)];
        const [slopes, residuals] = [wave(sets * rows * count * width, 0.7), wave(positions * width, 1.5)];
        const rowSets = evenRowSets(sets, rows);
        const [dx, gradient, composedX, composedGain] = await Promise.all(
          tf
            .tidy(() => {
              const x = tf.tensor3d(xs, [sets * rows, tokens, width]);
              const gain = tf.tensor2d(gains, [sets, width]);
              const residual = tf.tensor2d(residuals, [positions, width]);
              const predicted = (all: tf.Tensor) =>
                tf.reshape(tf.slice(all, [0, skip, 0], [-1, count, -1]), [sets, rows * count, width]) as tf.Tensor3D;
              const scale = tf.rsqrt(tf.add(tf.mean(tf.square(predicted(x)), -1), 1e-5));
              const gradient = tf.fill([sets, width + 4], 7) as tf.Tensor2D;
              const dx = rmsNormGradient({
                dy: tf.tensor2d(slopes, [sets * rows * count, width]),
                x: tf.reshape(x, [positions, width]) as tf.Tensor2D,
                scale: tf.reshape(scale, [-1]) as tf.Tensor1D,
                weights: tf.concat([tf.fill([sets, 4], NaN), gain], 1) as tf.Tensor2D,
                offset: 4,
                gradient,
                residual: hasResidual ? residual : null,
                rows: rowSets,
                skip,
              });
              const forward = (input: tf.Tensor, factor: tf.Tensor) =>
                rmsNormComposed(predicted(input), factor as tf.Tensor2D);
              const dy = tf.tensor3d(slopes, [sets, rows * count, width]);
              const [byX, byGain] = tf.grads(forward)([x, gain], dy) as [tf.Tensor, tf.Tensor];
              const flat = tf.reshape(byX, [positions, width]);
              return [dx, gradient, hasResidual ? tf.add(flat, residual) : flat, byGain];
            })
            .map(take),
        );
        rowSets.tiles.dispose();
        expectNear(dx!, composedX!, 2e-5, 'dx');
        for (let set = 0; set < sets; set++) {
          const found = gradient!.subarray(set * (width + 4), (set + 1) * (width + 4));
          expectNear(found.subarray(4), composedGain!.subarray(set * width, (set + 1) * width), 1e-5, 'dgain');
          expect([...found.subarray(0, 4)]).toEqual([7, 7, 7, 7]);
        }
      },
    );

    it('shrinks with 1/x for huge x, whose scale’s cube float32 does not hold', async () => {
      const rows = evenRowSets(1, 4);
      const at = (factor: number) =>
        tf.tidy(() =>
          rmsNormGradient({
            dy: tf.tensor2d(wave(32, 0.7), [4, 8]),
            x: tf.mul(tf.tensor2d(wave(32, 0.1), [4, 8]), factor),
            scale: tf.fill([4], 1.5 / factor) as tf.Tensor1D,
            weights: tf.tensor2d(wave(8, 0.2), [1, 8]),
            offset: 0,
            gradient: tf.zeros([1, 8]) as tf.Tensor2D,
            residual: null,
            rows,
            skip: 0,
          }),
        );
      const [plain, huge] = [await take(at(1)), await take(at(2 ** 50))];
      rows.tiles.dispose();
      expectNear(
        huge.map((x) => x * 2 ** 50),
        plain,
        1e-6,
      );
      expect(plain.some((x) => x !== 0)).toBe(true);
    });

    it('keeps diverged sets to themselves', async () => {
      const rows = evenRowSets(2, 4);
      const [dx, gradient] = await Promise.all(
        tf
          .tidy(() => {
            const x = tf.concat([tf.fill([4, 4], NaN), tf.ones([4, 4])]) as tf.Tensor2D;
            const scale = tf.ones([8]) as tf.Tensor1D;
            const weights = tf.ones([2, 4]) as tf.Tensor2D;
            const gradient = tf.zeros([2, 4]) as tf.Tensor2D;
            const rest = { weights, offset: 0, gradient, residual: null, rows, skip: 0 };
            return [rmsNormGradient({ dy: tf.ones([8, 4]), x, scale, ...rest }), gradient];
          })
          .map(take),
      );
      rows.tiles.dispose();
      expect([...dx!, ...gradient!].map((value) => (Number.isNaN(value) ? NaN : value))).toEqual([
        ...new Array<number>(16).fill(NaN),
        ...new Array<number>(16).fill(0),
        ...new Array<number>(4).fill(NaN),
        ...new Array<number>(4).fill(4),
      ]);
    });
  });
});
