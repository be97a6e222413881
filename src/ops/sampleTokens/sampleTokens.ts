import type * as tf from '@tensorflow/tfjs-core';
import { registerHostKernel, runKernel } from '../hostKernel';
import { drawToken, type TokenAddress } from './draw';
import { SAMPLE_TOKENS } from './kernel';

registerHostKernel<TokenAddress>({
  name: SAMPLE_TOKENS,
  inputs: ['logits', 'coefficients', 'scales', 'seeds'],
  dtype: 'int32',
  shape: (shapes) => [...shapes[1]!],
  compute: ([logits, coefficients, scales, seeds], address, out) => {
    const [runs, rows] = coefficients!.shape as [number, number];
    const vocabulary = logits!.shape[2]!;
    const values = logits!.values as Float32Array;
    const half = runs * rows * vocabulary;
    for (let position = 0; position < runs * rows; position++) {
      const run = Math.floor(position / rows);
      const start = position * vocabulary;
      out[position] = drawToken(
        values,
        start,
        half + start,
        vocabulary,
        coefficients!.values[position]!,
        scales!.values[position]!,
        seeds!.values[run]!,
        position - run * rows,
        address,
      );
    }
  },
});

/**
 * Draws a token for every row of every run from softmax(scale·(h_θ + a·(h_θ − h_ref))), on the device,
 * with noise addressed by (seed of the run, stream, step, row, token).
 *
 * @param logits h_θ of all runs, then h_ref of all runs  // [2R, B, V]
 * @param coefficients a, per row  // [R, B]
 * @param scales 1/temperature per row; 0 draws uniformly  // [R, B]
 * @param seeds the runs' seeds, int32  // [R]
 * @returns token ids, int32  // [R, B]
 */
export function sampleTokens(
  logits: tf.Tensor3D,
  coefficients: tf.Tensor2D,
  scales: tf.Tensor2D,
  seeds: tf.Tensor1D,
  address: TokenAddress,
): tf.Tensor2D {
  return runKernel(SAMPLE_TOKENS, { logits, coefficients, scales, seeds }, address) as tf.Tensor2D;
}
