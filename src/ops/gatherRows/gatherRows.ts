import type * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import { differentiable } from '../differentiable';
import { GATHER_ROWS, SCATTER_ROWS } from './kernels';

/**
 * Looks up rows of each run's own table; differentiable in the table, with a deterministic gradient
 * (tfjs' own gather adds atomically on WebGPU and has no gradient on WASM).
 *
 * @param table // [R, entries, width]
 * @param ids int32, each 0 … entries − 1  // [R, B]
 * @returns // [R, B, width]
 */
export function gatherRows(table: tf.Tensor3D, ids: tf.Tensor2D): tf.Tensor3D {
  const [runs, entries, width] = table.shape;
  const perRun = ids.shape[1];
  const numbers = { entries, width, perRun };
  return differentiable([table], (save) => {
    save([ids]);
    const value = emptyTensor([runs, perRun, width]);
    launch(GATHER_ROWS, { table, ids, result: value }, numbers);
    return {
      value,
      gradient: (dy, [kept]) => {
        const result = emptyTensor([runs, entries, width]);
        launch(SCATTER_ROWS, { rows: dy, ids: kept!, result }, numbers);
        return [result];
      },
    };
  }) as tf.Tensor3D;
}
