import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { AdamWSettings } from '../../../src/ops/adamW/adamW';
import { clipFactorsComposed, updateAdamWComposed } from '../../../src/ops/adamW/composed';
import { clipFactors, updateAdamW } from '../../../src/ops/adamW/adamW';
import { forEachBackend } from '../../support/backends';
import { expectNear, take, wave } from '../../support/numbers';

const SETTINGS: AdamWSettings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/** Runs of sizes that divide by four, as a transformer's do, and of others, as a table's may. */
const SHAPES: readonly [number, number][] = [
  [1, 1],
  [3, 7],
  [2, 64],
  [3, 1028],
];

describe('clipFactors', () => {
  forEachBackend(() => {
    const factors = (gradient: readonly number[] | Float32Array, runs: number, clip: number) =>
      take(tf.tidy(() => clipFactors(tf.tensor2d([...gradient], [runs, gradient.length / runs]), clip)));

    it('shortens long gradients of their run only', async () => {
      expectNear(await factors([3, 4, 0.3, 0.4, 0, 0], 3, 1), [0.2, 1, 1], 1e-6);
      expectNear(await factors([6, 8, 0, 0, 0.3, 0.4, 0, 0], 2, 2), [0.2, 1], 1e-6);
    });

    it.each(SHAPES)('agrees with its composed form, %i runs of %i', async (runs, count) => {
      const gradient = wave(runs * count).map((x, i) => x * (1 + Math.floor(i / count)));
      const [scaled, composed] = tf.tidy(() => {
        const g = tf.tensor2d(gradient, [runs, count]);
        return [clipFactors(g, 0.7), clipFactorsComposed(g, 0.7)] as const;
      });
      const [found, expected] = [await take(scaled), await take(composed)];
      expectNear(found, expected, 1e-6);
    });

    it('keeps to its own run where one is not finite', async () => {
      for (const count of [2, 4]) {
        const bad = [NaN, ...new Array<number>(count - 1).fill(1)];
        const good = [3, 4, 0, 0].slice(0, count);
        const found = await factors([...good, ...bad, ...good], 3, 1);
        expectNear([found[0]!, found[2]!], [0.2, 0.2], 1e-6);
      }
    });
  });
});

describe('updateAdamW', () => {
  forEachBackend(() => {
    interface Given {
      /** Reference sets may follow the runs'. */
      readonly weights: readonly number[] | Float32Array;
      readonly gradient: readonly number[] | Float32Array;
      readonly rates: readonly number[];
      readonly mean?: readonly number[] | Float32Array;
      readonly square?: readonly number[] | Float32Array;
      readonly factors?: readonly number[];
      readonly step?: number;
      readonly settings?: Partial<AdamWSettings>;
    }

    async function update({ weights, gradient, rates, mean, square, factors, step = 1, settings }: Given) {
      const runs = rates.length;
      const count = gradient.length / runs;
      const table = (values: readonly number[] | Float32Array) =>
        tf.tensor2d(Float32Array.from(values), [values.length / count, count]);
      const state = tf.tidy(() => {
        const zeros = new Float32Array(gradient.length);
        const inPlace = { weights: table(weights), mean: table(mean ?? zeros), square: table(square ?? zeros) };
        updateAdamW({
          ...inPlace,
          gradient: table(gradient),
          factors: factors ? tf.tensor1d([...factors]) : null,
          learningRates: rates,
          step,
          settings: { ...SETTINGS, ...settings },
        });
        return inPlace;
      });
      return { weights: await take(state.weights), mean: await take(state.mean), square: await take(state.square) };
    }

    it('first moves every weight by its run’s learning rate, whatever the gradient’s size', async () => {
      const { weights, mean, square } = await update({
        weights: [1, 1, 1, 1],
        gradient: [1e-3, -50, 2, 0],
        rates: [0.1, 0.01],
      });
      expectNear(weights, [0.9, 1.1, 0.99, 1], 1e-5);
      expectNear(mean, [1e-4, -5, 0.2, 0], 1e-6);
      expectNear(square, [1e-9, 2.5, 0.004, 0], 1e-6);
    });

    it('decays apart from the gradient, and nothing at learning rate 0', async () => {
      const { weights } = await update({
        weights: [2, 2],
        gradient: [0, 5],
        rates: [0.1, 0],
        settings: { weightDecay: 0.5 },
      });
      expectNear(weights, [1.9, 2], 1e-6);
    });

    it('leaves the sets behind the runs alone', async () => {
      const { weights } = await update({ weights: [0, 0, 0, 0, 5, 6, 7, 8], gradient: [1, 1, 1, 1], rates: [1] });
      expectNear(weights, [-1, -1, -1, -1, 5, 6, 7, 8], 1e-6);
      expect([...weights.subarray(4)]).toEqual([5, 6, 7, 8]);
    });

    it('keeps a run that is not finite to itself', async () => {
      for (const count of [3, 4]) {
        const run = (value: number) => new Array<number>(count).fill(value);
        const { weights } = await update({
          weights: [...run(1), ...run(1), ...run(1)],
          gradient: [...run(2), ...run(NaN), ...run(2)],
          rates: [0.5, 0.5, 0.5],
          factors: [1, NaN, 1],
        });
        expectNear([...weights.subarray(0, count), ...weights.subarray(2 * count)], [...run(0.5), ...run(0.5)], 1e-6);
        expect(weights.subarray(count, 2 * count).every((w) => Number.isNaN(w))).toBe(true);
      }
    });

    it.each(SHAPES)('agrees with its composed form, %i runs of %i', async (runs, count) => {
      const size = runs * count;
      const given = {
        weights: wave(size, 0.2),
        gradient: wave(size, 0.7).map((x) => 3 * x),
        mean: wave(size, 1.1),
        square: wave(size, 0.5).map((x) => x * x),
        factors: [0.3, 1, 0.8].slice(0, runs),
        rates: [0.01, 0.3, 0].slice(0, runs),
        step: 3,
        settings: { weightDecay: 0.1 },
      };
      const found = await update(given);
      const composed = tf.tidy(() => {
        const table = (values: Float32Array) => tf.tensor2d(values, [runs, count]);
        return updateAdamWComposed(
          { weights: table(given.weights), mean: table(given.mean), square: table(given.square) },
          tf.mul(table(given.gradient), tf.tensor2d(given.factors, [runs, 1])),
          tf.tensor2d(given.rates, [runs, 1]),
          given.step,
          { ...SETTINGS, ...given.settings },
        );
      });
      expectNear(found.weights, await take(composed.weights), 1e-6, 'weights');
      expectNear(found.mean, await take(composed.mean), 1e-6, 'means');
      expectNear(found.square, await take(composed.square), 1e-6, 'squares');
    });
  });
});
