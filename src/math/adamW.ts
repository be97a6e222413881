/** AdamW for one vector in float64 (Loshchilov and Hutter 2019), as `ops/adamW` has it for a fleet, without decay. */
export interface AdamWState {
  readonly weights: Float64Array;
  readonly mean: Float64Array;
  readonly square: Float64Array;
  /** Updates so far. */
  readonly updates: number;
}

const BETA = { mean: 0.9, square: 0.999 };
const EPSILON = 1e-8;

export const startAdamW = (weights: ArrayLike<number>): AdamWState => ({
  weights: Float64Array.from(weights),
  mean: new Float64Array(weights.length),
  square: new Float64Array(weights.length),
  updates: 0,
});

/** One step down `gradient`. */
export function stepAdamW(
  { weights, mean, square, updates }: AdamWState,
  gradient: Float64Array,
  rate: number,
): AdamWState {
  const step = updates + 1;
  const newMean = mean.map((value, k) => BETA.mean * value + (1 - BETA.mean) * gradient[k]!);
  const newSquare = square.map((value, k) => BETA.square * value + (1 - BETA.square) * gradient[k]! ** 2);
  const [ofMean, ofSquare] = [1 - BETA.mean ** step, 1 - BETA.square ** step];
  return {
    weights: weights.map((w, k) => w - (rate * newMean[k]!) / ofMean / (Math.sqrt(newSquare[k]! / ofSquare) + EPSILON)),
    mean: newMean,
    square: newSquare,
    updates: step,
  };
}
