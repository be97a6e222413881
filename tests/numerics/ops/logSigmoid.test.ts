import * as tf from '@tensorflow/tfjs-core';
import { describe, it } from 'vitest';
import { logSigmoid } from '../../../src/ops/logSigmoid/logSigmoid';
import { forEachBackend } from '../../support/backends';
import { expectNear, gradientAndDifferences, take, wave } from '../../support/numbers';

describe('logSigmoid', () => {
  forEachBackend(() => {
    it('has the gradient of central differences, in any shape', async () => {
      for (const shape of [[1], [67], [2, 3]]) {
        const { gradient, differences } = await gradientAndDifferences(
          logSigmoid,
          shape,
          wave(tf.util.sizeFromShape(shape)).map((x) => 4 * x),
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
