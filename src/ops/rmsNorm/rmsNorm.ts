import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable';
import { hasKernel, runKernel } from '../hostKernel';
import { GRADIENT_GAIN, GRADIENT_X, NORM, RMS_EPSILON, SCALE } from './kernels';

export { RMS_EPSILON };

/** The specification in stock ops. */
export function rmsNormComposed(x: tf.Tensor3D, gain: tf.Tensor2D): tf.Tensor3D {
  const scale = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), RMS_EPSILON));
  return tf.mul(tf.mul(x, scale), tf.expandDims(gain, 1));
}

/**
 * x / √(mean(x²) + 10⁻⁵) ⊙ gain over the last axis (Zhang and Sennrich 2019); differentiable in both.
 *
 * @param x // [W, M, D]
 * @param gain // [W, D]
 * @returns // [W, M, D]
 */
export function rmsNorm(x: tf.Tensor3D, gain: tf.Tensor2D): tf.Tensor3D {
  if (!hasKernel(NORM)) return rmsNormComposed(x, gain);
  return differentiable([x, gain], (save) => {
    save([x, gain]);
    return {
      value: runKernel(NORM, { x, gain }),
      gradient: (dy, [keptX, keptGain]) => {
        const scale = runKernel(SCALE, { x: keptX! });
        return [
          runKernel(GRADIENT_X, { x: keptX!, gain: keptGain!, scale, dy }),
          runKernel(GRADIENT_GAIN, { x: keptX!, scale, dy }),
        ];
      },
    };
  }) as tf.Tensor3D;
}
