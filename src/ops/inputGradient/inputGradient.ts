import type * as tf from '@tensorflow/tfjs-core';
import { emptyTensor, launch } from '../device/launch';
import { rowNumbers, type RowSets } from '../rowSets';
import { INPUT_GRADIENTS } from './kernels';
import { termArguments, type Term } from './terms';

/**
 * Σ dy·Wᵀ over the products that an input went into: the gradient at that input.
 *
 * @param options.terms one, two with a dy each, or three of which the last two share theirs (ARRANGEMENTS); the first's
 * dy begins with the axis of positions
 * @param options.weights flat // [S, N]
 * @param options.width of the input
 * @returns // [M·T, width]
 */
export function inputGradient({
  terms,
  weights,
  width,
  rows,
}: {
  terms: readonly Term[];
  weights: tf.Tensor2D;
  width: number;
  rows: RowSets;
}): tf.Tensor2D {
  const positions = terms[0]!.dy.shape[0]!;
  const { arrangement, tensors, numbers } = termArguments(terms, positions);
  const result = emptyTensor([positions, width]);
  launch(
    INPUT_GRADIENTS[arrangement]!,
    { ...tensors, weights, tiles: rows.tiles, result },
    { ...numbers, WIDTH: width, ...rowNumbers(weights, positions, rows) },
  );
  return result;
}
