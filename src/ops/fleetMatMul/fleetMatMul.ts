import * as tf from '@tensorflow/tfjs-core';
import { batchMatMul } from '../batchMatMul/batchMatMul';
import { differentiable } from '../differentiable';
import { hasKernel, runKernel } from '../hostKernel';
import { FLEET_MAT_MUL } from './wasmKernel';

const transposed = (x: tf.Tensor): tf.Tensor => tf.transpose(x, [0, 2, 1]);

function viaKernel(x: tf.Tensor3D, w: tf.Tensor3D): tf.Tensor3D {
  return differentiable([x, w], (save) => {
    save([x, w]);
    return {
      value: runKernel(FLEET_MAT_MUL, { x, w }),
      gradient: (dy, [keptX, keptW]) => [
        runKernel(FLEET_MAT_MUL, { x: dy, w: transposed(keptW!) }),
        runKernel(FLEET_MAT_MUL, { x: transposed(keptX!), w: dy }),
      ],
    };
  }) as tf.Tensor3D;
}

/**
 * Each run's rows times its own matrix, x·w; differentiable in both.
 *
 * @param x // [R, M, I]
 * @param w // [R, I, O]
 * @returns // [R, M, O]
 */
export function fleetMatMul(x: tf.Tensor3D, w: tf.Tensor3D): tf.Tensor3D {
  return hasKernel(FLEET_MAT_MUL) ? viaKernel(x, w) : batchMatMul(x, w);
}
