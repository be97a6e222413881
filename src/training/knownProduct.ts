import * as tf from '@tensorflow/tfjs-core';

/** Rows and columns: several workgroups, and small whole numbers, whose sums every device has exactly. */
const SIZE = 48;

const left = (row: number, column: number): number => ((7 * row + 3 * column) % 11) - 5;
const right = (row: number, column: number): number => ((5 * row + 2 * column) % 13) - 6;

/** Factors that come in turn: the product before, whose memory is used again, must not pass for the next one. */
const FACTORS = 61;

const matrix = (at: (row: number, column: number) => number): Float32Array =>
  Float32Array.from({ length: SIZE * SIZE }, (_, i) => at(Math.floor(i / SIZE), i % SIZE));

let expected: Float32Array | undefined;
let calls = 0;

/**
 * Whether the current backend still multiplies two known matrices and brings the product back: a launch and a read-back,
 * for now and then. A device that was right may go wrong without a word.
 */
export async function knownProductIsRight(): Promise<boolean> {
  expected ??= matrix((row, column) => {
    let sum = 0;
    for (let k = 0; k < SIZE; k++) sum += left(row, k) * right(k, column);
    return sum;
  });
  const factor = 1 + (calls++ % FACTORS);
  const scaled = matrix((row, column) => factor * left(row, column));
  const product = tf.tidy(() => tf.matMul(tf.tensor2d(scaled, [SIZE, SIZE]), tf.tensor2d(matrix(right), [SIZE, SIZE])));
  const found = await product.data();
  product.dispose();
  return expected.every((value, i) => found[i] === factor * value);
}
