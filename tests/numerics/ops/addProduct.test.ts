import { addProductComposed } from '../../../src/ops/addProduct/composed';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { addProduct } from '../../../src/ops/addProduct/addProduct';
import { evenRowSets } from '../../../src/ops/rowSets';
import { forEachBackend } from '../../support/backends';
import { expectNear, take, wave } from '../../support/numbers';

describe('addProduct', () => {
  forEachBackend(() => {
    it('adds each row times its own set’s matrix', async () => {
      // Two sets of four rows, one token each; matrices 4 × 4: twice the identity, then minus it. N = 20, offset 4.
      const weights = new Float32Array(40);
      for (let i = 0; i < 4; i++) {
        weights[4 + 5 * i] = 2;
        weights[24 + 5 * i] = -1;
      }
      const rows = evenRowSets(2, 4);
      const found = await take(
        tf.tidy(() => addProduct(tf.ones([8, 4]), tf.fill([8, 4], 3), tf.tensor2d(weights, [2, 20]), 4, rows)),
      );
      rows.tiles.dispose();
      expect([...found]).toEqual([...new Array<number>(16).fill(7), ...new Array<number>(16).fill(-2)]);
    });

    it.each([
      [1, 4, 1, 4, 4],
      [3, 8, 5, 12, 8],
      [2, 68, 1, 64, 160],
    ])(
      'agrees with its composed form: %i sets, %i rows of %i tokens, %i + %i·W',
      async (sets, rows, tokens, width, inner) => {
        const positions = rows * tokens;
        const [x, y] = [wave(sets * positions * width, 0.1), wave(sets * positions * inner, 0.5)];
        const w = wave(sets * inner * width, 0.9);
        const rowSets = evenRowSets(sets, rows);
        const found = await take(
          tf.tidy(() =>
            addProduct(
              tf.tensor2d(x, [sets * positions, width]),
              tf.tensor2d(y, [sets * positions, inner]),
              tf.tensor2d(w, [sets, inner * width]),
              0,
              rowSets,
            ),
          ),
        );
        rowSets.tiles.dispose();
        const composed = await take(
          tf.tidy(() =>
            addProductComposed(
              tf.tensor3d(x, [sets, positions, width]),
              tf.tensor3d(y, [sets, positions, inner]),
              tf.tensor3d(w, [sets, inner, width]),
            ),
          ),
        );
        expectNear(found, composed, 1e-5);
      },
    );
  });
});
