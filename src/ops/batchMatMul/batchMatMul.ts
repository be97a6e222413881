import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable';
import { hasKernel, runKernel } from '../hostKernel';
import { PRODUCT, PRODUCT_TRANSPOSED_W, PRODUCT_TRANSPOSED_X } from './kernels';

const run = (kernel: string, x: tf.Tensor, w: tf.Tensor): tf.Tensor => runKernel(kernel, { x, w });

/**
 * The product of every pair of matrices, x·w or x·wᵀ; differentiable in both. In stock ops it is tf.matMul.
 *
 * @param x // [R, M, I]
 * @param w // [R, I, O], or [R, O, I] where transposed
 * @returns // [R, M, O]
 */
export function batchMatMul(x: tf.Tensor3D, w: tf.Tensor3D, transposeW = false): tf.Tensor3D {
  if (!hasKernel(PRODUCT)) return tf.matMul(x, w, false, transposeW);
  return differentiable([x, w], (save) => {
    save([x, w]);
    return transposeW
      ? {
          value: run(PRODUCT_TRANSPOSED_W, x, w),
          gradient: (dy, [keptX, keptW]) => [run(PRODUCT, dy, keptW!), run(PRODUCT_TRANSPOSED_X, dy, keptX!)],
        }
      : {
          value: run(PRODUCT, x, w),
          gradient: (dy, [keptX, keptW]) => [
            run(PRODUCT_TRANSPOSED_W, dy, keptW!),
            run(PRODUCT_TRANSPOSED_X, keptX!, dy),
          ],
        };
  }) as tf.Tensor3D;
}
