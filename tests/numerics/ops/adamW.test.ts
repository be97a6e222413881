import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { clipFactorsComposed, updateAdamWComposed } from '../../../src/ops/adamW/composed';
import { forEachBackend } from '../../support/backends';
import { expectNear, take } from '../../support/numbers';

describe('clipFactorsComposed', () => {
  forEachBackend(() => {
    it('shortens long gradients of their run only, and leaves zeros', async () => {
      const factors = await take(
        tf.tidy(() =>
          clipFactorsComposed(
            tf.tensor2d([
              [3, 4],
              [0.3, 0.4],
              [0, 0],
            ]),
            1,
          ),
        ),
      );
      expectNear(factors, [0.2, 1, 1], 1e-6);
    });
  });
});

describe('updateAdamWComposed', () => {
  const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

  forEachBackend(() => {
    async function step(
      weights: number[][],
      gradient: number[][],
      rates: number[],
      options: Partial<typeof settings & { step: number; mean: number[][]; square: number[][] }> = {},
    ) {
      const zeros = weights.map((row) => row.map(() => 0));
      const next = tf.tidy(() =>
        updateAdamWComposed(
          {
            weights: tf.tensor2d(weights),
            mean: tf.tensor2d(options.mean ?? zeros),
            square: tf.tensor2d(options.square ?? zeros),
          },
          tf.tensor2d(gradient),
          tf.tensor2d(rates, [rates.length, 1]),
          options.step ?? 1,
          { ...settings, ...options },
        ),
      );
      return { weights: await take(next.weights), mean: await take(next.mean), square: await take(next.square) };
    }

    it('first moves every weight by its run’s learning rate, whatever the gradient’s size', async () => {
      const { weights, mean, square } = await step(
        [
          [1, 1],
          [1, 1],
        ],
        [
          [1e-3, -50],
          [2, 0],
        ],
        [0.1, 0.01],
      );
      expectNear(weights, [0.9, 1.1, 0.99, 1], 1e-5);
      expectNear(mean, [1e-4, -5, 0.2, 0], 1e-6);
      expectNear(square, [1e-9, 2.5, 0.004, 0], 1e-6);
    });

    it('decays apart from the gradient, and nothing at learning rate 0', async () => {
      const { weights } = await step([[2], [2]], [[0], [5]], [0.1, 0], { weightDecay: 0.5 });
      expectNear(weights, [1.9, 2], 1e-6);
    });

    it('corrects the bias of both averages at later steps', async () => {
      const { weights } = await step([[0]], [[1]], [0.1], { step: 3, mean: [[0.5]], square: [[0.02]] });
      const m = (0.9 * 0.5 + 0.1) / (1 - 0.9 ** 3);
      const v = (0.999 * 0.02 + 0.001) / (1 - 0.999 ** 3);
      expectNear(weights, [(-0.1 * m) / Math.sqrt(v)], 1e-6);
    });

    it('keeps a run that is not finite to itself', async () => {
      const { weights } = await step([[1], [1]], [[NaN], [1]], [0.1, 0.1]);
      expect(weights[0]).toBeNaN();
      expect(weights[1]).toBeCloseTo(0.9, 6);
    });
  });
});
