import type * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import { rowNumbers, type RowSets } from '../rowSets';
import { GATED_MLP, GATED_MLP_GRADIENT } from './kernels';

/**
 * The first half of a SwiGLU block (Shazeer 2020) with the norm before it: for m = rmsNorm(x) ⊙ gain, m·Wg, m·Wu and
 * silu(m·Wg) ⊙ m·Wu.
 *
 * @param options.x // [M·T, D]
 * @param options.weights flat // [S, N]
 * @param options.offsets of the gain [D] and the matrices gate and up [D, F] in each set
 * @param options.hidden F
 * @returns gate and up before the activation, and their gated product [M·T, F]; the norm's scale of each position,
 * 1/√(mean(x²) + ε) [M·T]
 */
export function gatedMlp({
  x,
  weights,
  offsets,
  hidden: hiddenWidth,
  rows,
}: {
  x: tf.Tensor2D;
  weights: tf.Tensor2D;
  offsets: { readonly gain: number; readonly gate: number; readonly up: number };
  hidden: number;
  rows: RowSets;
}): { gate: tf.Tensor2D; up: tf.Tensor2D; hidden: tf.Tensor2D; scale: tf.Tensor1D } {
  const [positions, width] = x.shape;
  const results = {
    gate: emptyTensor([positions, hiddenWidth]),
    up: emptyTensor([positions, hiddenWidth]),
    hidden: emptyTensor([positions, hiddenWidth]),
    scale: emptyTensor([positions]),
  };
  launch(
    GATED_MLP,
    { x, weights, tiles: rows.tiles, ...results },
    {
      WIDTH: width,
      HIDDEN: hiddenWidth,
      gainOffset: offsets.gain,
      gateOffset: offsets.gate,
      upOffset: offsets.up,
      ...rowNumbers(weights, positions, rows),
    },
  );
  return results;
}

/**
 * From the gradient behind the down projection to those at `gate` and `up`, the projection itself included.
 *
 * @param options.dx gradient at hidden·Wd // [M·T, D]
 * @param options.gate // [M·T, F]
 * @param options.up // [M·T, F]
 * @param options.weights flat; Wd [F, D] lies at `offset` of each set // [S, N]
 * @returns each [M·T, F]
 */
export function gatedMlpGradient({
  dx,
  gate,
  up,
  weights,
  offset,
  rows,
}: {
  dx: tf.Tensor2D;
  gate: tf.Tensor2D;
  up: tf.Tensor2D;
  weights: tf.Tensor2D;
  offset: number;
  rows: RowSets;
}): { dGate: tf.Tensor2D; dUp: tf.Tensor2D } {
  const [positions, hidden] = gate.shape;
  const results = { dGate: emptyTensor([positions, hidden]), dUp: emptyTensor([positions, hidden]) };
  launch(
    GATED_MLP_GRADIENT,
    { dx, gate, up, weights, tiles: rows.tiles, ...results },
    { WIDTH: dx.shape[1], HIDDEN: hidden, offset, ...rowNumbers(weights, positions, rows) },
  );
  return results;
}
