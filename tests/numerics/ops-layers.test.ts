import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { adamW, clipByRunNorm } from '../../src/ops/adamW/adamW';
import { attention, MASKED } from '../../src/ops/attention/attention';
import { logSigmoid } from '../../src/ops/logSigmoid/logSigmoid';
import { RMS_EPSILON, rmsNorm } from '../../src/ops/rmsNorm/rmsNorm';
import { rotary, rotaryTables } from '../../src/ops/rotary/rotary';
import { forEachBackend } from '../support/backends';
import { expectNear, gradientAndDifferences, take, wave } from '../support/numbers';

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const waves = (shape: readonly number[], phase = 0) => tf.tensor(wave(product(shape), phase), [...shape]);

describe('rmsNorm', () => {
  forEachBackend(() => {
    const norm = (x: number[], shape: [number, number, number], gain: number[]) =>
      take(tf.tidy(() => rmsNorm(tf.tensor3d(x, shape), tf.tensor2d(gain, [shape[0], shape[2]]))));

    it('divides by the root mean square and scales by each run’s gain', async () => {
      const size = Math.sqrt(12.5);
      expectNear(
        await norm([3, 4, -3, 4], [2, 1, 2], [1, 2, 10, 0.5]),
        [3 / size, 8 / size, -30 / size, 2 / size],
        1e-6,
      );
    });

    it('is finite at zero and at 10⁴', async () => {
      expect([...(await norm([0, 0, 0], [1, 1, 3], [1, 1, 1]))]).toEqual([0, 0, 0]);
      expectNear(await norm([1e4, -1e4], [1, 1, 2], [1, 1]), [1, -1], 1e-6);
      expectNear(await norm([1e-4], [1, 1, 1], [2]), [2e-4 / Math.sqrt(1e-8 + RMS_EPSILON)], 1e-6);
    });

    it.each([
      [1, 1, 1],
      [2, 67, 3],
      [3, 5, 65],
    ])('agrees with float64 on %i×%i×%i', async (runs, rows, width) => {
      const x = wave(runs * rows * width, 0.1);
      const gain = wave(runs * width, 0.9);
      const expected = Array.from(x, (value, i) => {
        const row = x.subarray(i - (i % width), i - (i % width) + width);
        const meanSquare = row.reduce((sum, v) => sum + v * v, 0) / width;
        return (
          (value / Math.sqrt(meanSquare + RMS_EPSILON)) * gain[Math.floor(i / (rows * width)) * width + (i % width)]!
        );
      });
      expectNear(await norm([...x], [runs, rows, width], [...gain]), expected, 2e-6);
    });

    it('has the gradients of central differences', async () => {
      const ofInput = await gradientAndDifferences(
        (x) => rmsNorm(x as tf.Tensor3D, waves([2, 3], 1) as tf.Tensor2D),
        [2, 2, 3],
        wave(12, 0.4),
      );
      expectNear(ofInput.gradient, ofInput.differences, 1e-3);
      const ofGain = await gradientAndDifferences(
        (gain) => rmsNorm(waves([2, 2, 3]) as tf.Tensor3D, gain as tf.Tensor2D),
        [2, 3],
        wave(6),
      );
      expectNear(ofGain.gradient, ofGain.differences, 1e-4);
    });
  });
});

describe('rotary', () => {
  forEachBackend(() => {
    it('turns pairs (i, i + d/2) by position · 10000^(−2i/d)', async () => {
      // d = 4 at positions 0 and 1: pair 0 turns by 1, pair 1 by 1/100.
      const x = [1, 0, 0, 2, 1, 0, 0, 2];
      const found = await take(tf.tidy(() => rotary(tf.tensor4d(x, [1, 1, 2, 4]), rotaryTables(0, 2, 4))));
      const [c, s] = [Math.cos, Math.sin];
      expectNear(found, [1, 0, 0, 2, c(1), -2 * s(0.01), s(1), 2 * c(0.01)], 1e-6);
    });

    it('continues where another call stopped', async () => {
      const x = wave(2 * 5 * 6);
      const whole = await take(tf.tidy(() => rotary(tf.tensor4d(x, [1, 2, 5, 6]), rotaryTables(0, 5, 6))));
      const last = await take(
        tf.tidy(() =>
          rotary(tf.slice(tf.tensor4d(x, [1, 2, 5, 6]), [0, 0, 3, 0], [-1, -1, 2, -1]), rotaryTables(3, 2, 6)),
        ),
      );
      expectNear(last, [...whole.subarray(18, 30), ...whole.subarray(48, 60)], 1e-7);
    });

    it('keeps lengths, far positions included, and has the gradient of central differences', async () => {
      const x = wave(3 * 8, 2);
      const turned = await take(tf.tidy(() => rotary(tf.tensor4d(x, [1, 1, 3, 8]), rotaryTables(500, 3, 8))));
      const squares = (values: Float32Array, row: number) =>
        values.subarray(8 * row, 8 * row + 8).reduce((sum, v) => sum + v * v, 0);
      for (let row = 0; row < 3; row++) expect(squares(turned, row)).toBeCloseTo(squares(x, row), 5);
      const { gradient, differences } = await gradientAndDifferences(
        (t) => rotary(t as tf.Tensor4D, rotaryTables(1, 2, 4)),
        [1, 1, 2, 4],
        wave(8),
      );
      expectNear(gradient, differences, 1e-4);
    });
  });
});

/** softmax(q·kᵀ/√d + mask)·v in float64. */
function attentionReference(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  mask: Float32Array,
  shape: number[],
): number[] {
  const [n, heads, queries, keys, width] = shape as [number, number, number, number, number];
  const out: number[] = [];
  for (let nh = 0; nh < n * heads; nh++) {
    for (let i = 0; i < queries; i++) {
      const scores = Array.from({ length: keys }, (_, j) => {
        let dot = 0;
        for (let c = 0; c < width; c++) dot += q[(nh * queries + i) * width + c]! * k[(nh * keys + j) * width + c]!;
        return dot / Math.sqrt(width) + mask[(Math.floor(nh / heads) * queries + i) * keys + j]!;
      });
      const most = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - most));
      const total = weights.reduce((a, b) => a + b);
      for (let c = 0; c < width; c++) {
        out.push(weights.reduce((sum, w, j) => sum + (w / total) * v[(nh * keys + j) * width + c]!, 0));
      }
    }
  }
  return out;
}

describe('attention', () => {
  forEachBackend(() => {
    const run = (q: Float32Array, k: Float32Array, v: Float32Array, mask: Float32Array, shape: number[]) => {
      const [n, heads, queries, keys, width] = shape as [number, number, number, number, number];
      return take(
        tf.tidy(() =>
          attention(
            tf.tensor4d(q, [n, heads, queries, width]),
            tf.tensor4d(k, [n, heads, keys, width]),
            tf.tensor4d(v, [n, heads, keys, width]),
            tf.tensor4d(mask, [n, 1, queries, keys]),
          ),
        ),
      );
    };

    it.each([
      [1, 1, 1, 1, 1],
      [1, 1, 1, 5, 3],
      [2, 3, 4, 4, 8],
      [3, 2, 1, 29, 5],
    ])('agrees with float64, masks included, on %i rows, %i heads, %i×%i positions of width %i', async (...shape) => {
      const [n, heads, queries, keys, width] = shape;
      const q = wave(n * heads * queries * width, 0.1).map((x) => 3 * x);
      const k = wave(n * heads * keys * width, 0.5);
      const v = wave(n * heads * keys * width, 0.9);
      // Every third key is hidden, but never all of them.
      const mask = Float32Array.from({ length: n * queries * keys }, (_, i) =>
        i % keys > 0 && i % 3 === 0 ? MASKED : 0,
      );
      expectNear(await run(q, k, v, mask, shape), attentionReference(q, k, v, mask, shape), 3e-6);
    });

    it('ignores what is masked, whatever it holds', async () => {
      const mask = Float32Array.from([0, MASKED]);
      const one = await run(wave(2), wave(4), Float32Array.from([1, 2, 1e4, -1e4]), mask, [1, 1, 1, 2, 2]);
      expectNear(one, [1, 2], 1e-6);
    });

    it('stays finite where a row sees nothing, or is masked twice', async () => {
      const v = Float32Array.from([1, 2, 3, 6]);
      const all = await run(wave(2), wave(4), v, Float32Array.from([MASKED, MASKED]), [1, 1, 1, 2, 2]);
      expectNear(all, [2, 4], 1e-5);
      const twice = await run(wave(2), wave(4), v, Float32Array.from([MASKED, 2 * MASKED]), [1, 1, 1, 2, 2]);
      expectNear(twice, [1, 2], 1e-6);
    });

    it('keeps a row that is not finite to itself', async () => {
      const shape = [3, 1, 2, 5, 3];
      const q = wave(3 * 2 * 3, 0.1);
      const k = wave(3 * 5 * 3, 0.5);
      const v = wave(3 * 5 * 3, 0.9);
      const sick = (x: Float32Array) => x.map((value, i) => (Math.floor(i / 15) === 1 ? NaN : value));
      const mask = new Float32Array(3 * 2 * 5);
      const found = await run(q, sick(k), sick(v), mask, shape);
      const expected = attentionReference(q, k, v, mask, shape);
      expectNear(found.subarray(0, 6), expected.slice(0, 6), 3e-6, 'the row before');
      expectNear(found.subarray(12), expected.slice(12), 3e-6, 'the row after');
      expect(found.subarray(6, 12).every(Number.isFinite)).toBe(false);
    });

    it('picks one key at extreme scores, averages equal ones', async () => {
      const v = Float32Array.from([1, 2, 3]);
      const picked = await run(
        Float32Array.from([100]),
        Float32Array.from([-100, 100, 0]),
        v,
        new Float32Array(3),
        [1, 1, 1, 3, 1],
      );
      expectNear(picked, [2], 1e-6);
      const even = await run(
        Float32Array.from([0]),
        Float32Array.from([-100, 100, 0]),
        v,
        new Float32Array(3),
        [1, 1, 1, 3, 1],
      );
      expectNear(even, [2], 1e-6);
    });

    it.each(['q', 'k', 'v'])('has the gradient of central differences in %s', async (which) => {
      const shape: [number, number, number, number] = [2, 1, 2, 2];
      const inputs = { q: wave(8, 0.1), k: wave(8, 0.5), v: wave(8, 0.9) };
      const { gradient, differences } = await gradientAndDifferences(
        (x) => {
          const at = (name: 'q' | 'k' | 'v') => (name === which ? x : tf.tensor(inputs[name], shape)) as tf.Tensor4D;
          const mask = tf.tensor4d([0, MASKED, 0, 0, 0, MASKED, 0, 0], [2, 1, 2, 2]);
          return attention(at('q'), at('k'), at('v'), mask);
        },
        shape,
        inputs[which as 'q'],
      );
      expectNear(gradient, differences, 5e-4);
    });
  });
});

describe('logSigmoid', () => {
  forEachBackend(() => {
    it('has the gradient of central differences, in any shape', async () => {
      for (const shape of [[1], [67], [2, 3]]) {
        const { gradient, differences } = await gradientAndDifferences(
          logSigmoid,
          shape,
          wave(product(shape)).map((x) => 4 * x),
        );
        expectNear(gradient, differences, 1e-4);
      }
    });

    it('joins its two forms without a step', async () => {
      // log(1 + e) is a series below e = 0.05, which is x = ±2.9957.
      const x = Float32Array.from({ length: 65 }, (_, i) => 2.9957 + (i - 32) * 1e-4);
      const found = await take(tf.tidy(() => logSigmoid(tf.tensor1d(x))));
      const expected = Array.from(x, (value) => -Math.log1p(Math.exp(-value)));
      // Values near 0.05 by logarithm carry float32's rounding of 1.05.
      expectNear(found, expected, 5e-6);
    });
  });
});

describe('clipByRunNorm', () => {
  forEachBackend(() => {
    it('shortens long gradients of their run only, and leaves zeros', async () => {
      const clipped = await take(
        tf.tidy(() =>
          clipByRunNorm(
            tf.tensor2d([
              [3, 4],
              [0.3, 0.4],
              [0, 0],
            ]),
            1,
          ),
        ),
      );
      expectNear(clipped, [0.6, 0.8, 0.3, 0.4, 0, 0], 1e-6);
    });
  });
});

describe('adamW', () => {
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
        adamW(
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
