import type * as tf from '@tensorflow/tfjs-core';
import { registerHostKernel, runKernel } from '../hostKernel';
import { drawBits, drawToken, type TokenAddress } from './draw';
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
    const bits = new Uint32Array(vocabulary);
    for (const [seed, runsOfSeed] of bySeed(seeds!.values, runs)) {
      for (let row = 0; row < rows; row++) {
        drawBits(bits, seed, row, address);
        for (const run of runsOfSeed) {
          const position = run * rows + row;
          const policy = position * vocabulary;
          const reference = (runs * rows + position) * vocabulary;
          out[position] = drawToken(
            values,
            policy,
            reference,
            coefficients!.values[position]!,
            scales!.values[position]!,
            bits,
          );
        }
      }
    }
  },
});

/** The runs of each seed. */
function bySeed(seeds: ArrayLike<number>, runs: number): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (let run = 0; run < runs; run++) groups.set(seeds[run]!, [...(groups.get(seeds[run]!) ?? []), run]);
  return groups;
}

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
