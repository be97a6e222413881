/** Means over seeds with 95% intervals, and the χ² test's p-value. */

/** `mean` ± `half` covers the true mean with probability 95%, or another; `half` is null where one value cannot tell. */
export interface Interval {
  readonly mean: number;
  readonly half: number | null;
}

/** Throws RangeError when empty. */
export function mean(values: ArrayLike<number>): number {
  if (values.length === 0) throw new RangeError('the mean of no values does not exist');
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** The sample standard deviation (n − 1 in the denominator). Throws RangeError below two values. */
export function standardDeviation(values: ArrayLike<number>): number {
  if (values.length < 2) throw new RangeError('a standard deviation needs at least two values');
  const centre = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - centre) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * The standard deviation within groups, pooled: the root of all squared distances from the groups' means over
 * Σ (n − 1); null where no group has two values.
 */
export function pooledDeviation(groups: readonly (readonly number[])[]): number | null {
  let squares = 0;
  let freedom = 0;
  for (const values of groups) {
    if (values.length < 2) continue;
    squares += (values.length - 1) * standardDeviation(values) ** 2;
    freedom += values.length - 1;
  }
  return freedom === 0 ? null : Math.sqrt(squares / freedom);
}

/** Mean with Student's interval, n − 1 degrees of freedom; `half` is null too where it is too large for a number. Throws RangeError when empty. */
export function studentInterval(values: ArrayLike<number>, confidence: number): Interval {
  const n = values.length;
  if (n < 2) return { mean: mean(values), half: null };
  const half = (studentT(n - 1, confidence) * standardDeviation(values)) / Math.sqrt(n);
  return { mean: mean(values), half: Number.isFinite(half) ? half : null };
}

export const interval95 = (values: ArrayLike<number>): Interval => studentInterval(values, 0.95);

/** a_i − b_i, where a_i and b_i share a seed. Throws RangeError when lengths differ. */
export function differences(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  if (a.length !== b.length) throw new RangeError(`cannot pair ${a.length} values with ${b.length}`);
  return Float64Array.from(a, (value, i) => value - b[i]!);
}

/** The interval of a_i − b_i, where a_i and b_i share a seed. Throws RangeError when lengths differ or are 0. */
export const pairedDifference = (a: ArrayLike<number>, b: ArrayLike<number>): Interval => interval95(differences(a, b));

/** The two-sided p-value of Student's test that the mean is 0; 1 below two values. Throws RangeError when empty. */
export function studentP(values: ArrayLike<number>): number {
  const n = values.length;
  const centre = mean(values);
  if (n < 2) return 1;
  const error = standardDeviation(values) / Math.sqrt(n);
  if (error === 0) return centre === 0 ? 1 : 0;
  return Math.max(0, 1 - studentCoverage(Math.atan(Math.abs(centre) / error / Math.sqrt(n - 1)), n - 1));
}

/**
 * Holm's step-down correction (1979): the p-values that keep the chance of any false rejection among them below the
 * level that they are compared with. In the order given.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[index]!));
    adjusted[index] = largest;
  });
  return adjusted;
}

/**
 * The t with P(|T| ≤ t) = confidence at a whole number ≥ 1 of degrees of freedom, by bisection on the angle
 * θ = atan(t/√df), in which the probability is a finite sum.
 */
function studentT(df: number, confidence: number): number {
  let low = 0;
  let high = Math.PI / 2;
  for (let i = 0; i < 53; i++) {
    const middle = (low + high) / 2;
    if (studentCoverage(middle, df) < confidence) low = middle;
    else high = middle;
  }
  return Math.sqrt(df) * Math.tan((low + high) / 2);
}

/** P(|T| ≤ √df·tan θ): Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4. */
function studentCoverage(angle: number, df: number): number {
  const square = Math.cos(angle) ** 2;
  const odd = df % 2 === 1;
  let term = odd ? Math.cos(angle) : 1;
  let sum = df === 1 ? 0 : term;
  for (let j = odd ? 3 : 2; j < df; j += 2) {
    term *= (square * (j - 1)) / j;
    sum += term;
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}

/**
 * P(X ≥ x) for X ~ χ² with `df` degrees of freedom, to about 12 digits.
 * Throws RangeError unless `df` is a whole number ≥ 1. Incomplete gamma function Q(df/2, x/2) by its series or its
 * continued fraction (Abramowitz and Stegun 6.5.29 and 6.5.31), each where it converges fast.
 */
export function chiSquareTail(x: number, df: number): number {
  if (!Number.isInteger(df) || df < 1) throw new RangeError(`${df} is not a whole number of degrees of freedom`);
  if (x <= 0) return 1;
  if (x === Infinity) return 0;
  const a = df / 2;
  const z = x / 2;
  const scale = Math.exp(a * Math.log(z) - z - logGammaOfHalves(df));
  return z < a + 1 ? 1 - scale * gammaSeries(a, z) : scale * gammaFraction(a, z);
}

/** log Γ(df/2), from Γ(1) = 1 or Γ(½) = √π by Γ(a + 1) = a·Γ(a). */
function logGammaOfHalves(df: number): number {
  let sum = df % 2 === 0 ? 0 : Math.log(Math.PI) / 2;
  for (let j = df - 2; j > 0; j -= 2) sum += Math.log(j / 2);
  return sum;
}

/** Where sums and fractions stop: below what their own rounding leaves. */
const TOLERANCE = 1e-15;

/** γ(a, z)·e^z·z^−a = Σ_j z^j / (a·(a + 1)⋯(a + j)). */
function gammaSeries(a: number, z: number): number {
  let term = 1 / a;
  let sum = term;
  for (let j = 1; term > sum * TOLERANCE; j++) {
    term *= z / (a + j);
    sum += term;
  }
  return sum;
}

/** Γ(a, z)·e^z·z^−a for z ≥ a + 1, where the even part of the continued fraction has positive denominators. */
function gammaFraction(a: number, z: number): number {
  let denominator = z + 1 - a;
  let ratio = Infinity;
  let inverse = 1 / denominator;
  let value = inverse;
  for (let j = 1, change = 0; Math.abs(change - 1) > TOLERANCE; j++) {
    const numerator = -j * (j - a);
    denominator += 2;
    inverse = 1 / (numerator * inverse + denominator);
    ratio = denominator + numerator / ratio;
    change = ratio * inverse;
    value *= change;
  }
  return value;
}
