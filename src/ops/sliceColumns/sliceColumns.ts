import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, registerHostKernel, runKernel } from '../hostKernel';

const SLICE_COLUMNS = 'SliceColumns';

interface Columns {
  readonly start: number;
  readonly size: number;
}

registerHostKernel<Columns>({
  name: SLICE_COLUMNS,
  inputs: ['x'],
  dtype: 'float32',
  shape: ([x], { size }) => [x![0]!, size],
  compute: ([x], { start, size }, out) => {
    const [rows, columns] = x!.shape as [number, number];
    const values = x!.values as Float32Array;
    for (let row = 0; row < rows; row++) {
      const first = row * columns + start;
      out.set(values.subarray(first, first + size), row * size);
    }
  },
});

/**
 * Columns start … start + size − 1; not differentiable. tfjs' own slice on WASM copies the whole input first, which
 * hurts where a flat weight vector is cut into its twenty tensors.
 *
 * @param x // [W, N]
 * @returns // [W, size]
 */
export function sliceColumns(x: tf.Tensor2D, start: number, size: number): tf.Tensor2D {
  return hasKernel(SLICE_COLUMNS)
    ? (runKernel(SLICE_COLUMNS, { x }, { start, size }) as tf.Tensor2D)
    : tf.slice(x, [0, start], [-1, size]);
}
