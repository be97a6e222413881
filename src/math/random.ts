import { philox4x32 } from './philox';

/**
 * Draws addressed by (seed, stream, step, row, token). Philox' counter holds
 * (item block, row with token above, step, stream) and its key the seed; nothing is kept between draws,
 * so a run's numbers depend neither on the batch nor on who runs beside it.
 */

/** One stream per use, so that no two uses ever share a number. */
export const STREAM = {
  prompt: 0,
  component: 1,
  token: 2,
  label: 3,
  evaluation: 4,
  referenceTable: 5,
  rewardTable: 6,
  initialisation: 7,
  corpus: 8,
  shuffle: 9,
  annotator: 10,
  optimum: 12,
  text: 13,
  display: 14,
} as const;

/** The second key word: tells this project's streams from other uses of the same seed. */
export const KEY_TAG = 0x50494c46;

/** Rows live in the low 20 bits of the second counter word, tokens in the 12 above. */
export const ROW_BITS = 20;

export interface DrawAddress {
  readonly seed: number;
  readonly stream: number;
  readonly step: number;
  readonly row: number;
  readonly token: number;
}

const block = new Uint32Array(4);

/** The 32 random bits of one item (a vocabulary entry, say) at an address. */
export function randomBits(at: DrawAddress, item: number): number {
  const high = ((at.token << ROW_BITS) | at.row) >>> 0;
  philox4x32(block, item >>> 2, high, at.step, at.stream, at.seed, KEY_TAG);
  return block[item & 3]!;
}

/** Uniform on the open interval (0, 1), with 2⁻³² resolution near 0 and never 0 or 1. */
export function unitInterval(bits: number): number {
  return (bits + 0.5) * 2 ** -32;
}

export const uniform = (at: DrawAddress, item = 0): number => unitInterval(randomBits(at, item));

/** A whole number from 0 to count − 1; the bias of 2⁻³²·count is far below what a run can see. */
export const uniformInteger = (at: DrawAddress, count: number, item = 0): number =>
  Math.floor(uniform(at, item) * count);

/** Standard normal by Box and Muller, from items 2·item and 2·item + 1. */
export function normal(at: DrawAddress, item = 0): number {
  const radius = Math.sqrt(-2 * Math.log(uniform(at, 2 * item)));
  return radius * Math.cos(2 * Math.PI * uniform(at, 2 * item + 1));
}

/** The index that a number between 0 and 1 falls on, by probabilities that add up to 1. */
export function categorical(probabilities: ArrayLike<number>, u: number): number {
  let below = 0;
  for (let i = 0; i < probabilities.length; i++) {
    below += probabilities[i]!;
    if (u < below) return i;
  }
  return probabilities.length - 1;
}
