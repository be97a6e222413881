import type * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import { differentiable } from '../differentiable';
import { LOG_SUM_EXP, LOG_SUM_EXP_GRADIENT } from './kernels';

/**
 * log Σ exp over the last axis; differentiable.
 *
 * @param x // [W, B, K]
 * @returns // [W, B]
 */
export function logSumExp(x: tf.Tensor3D): tf.Tensor2D {
  const [sets, rows, count] = x.shape;
  return differentiable([x], (save) => {
    const total = emptyTensor([sets, rows]);
    launch(LOG_SUM_EXP, { x, result: total }, { count });
    save([x, total]);
    return {
      value: total,
      gradient: (dy, [keptX, keptTotal]) => {
        const result = emptyTensor([sets, rows, count]);
        launch(LOG_SUM_EXP_GRADIENT, { x: keptX!, total: keptTotal!, dy, result }, { count });
        return [result];
      },
    };
  }) as tf.Tensor2D;
}
