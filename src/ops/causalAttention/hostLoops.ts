/*
 * The host's inner loops, four terms at a time, as sums that need not wait for each other.
 */

/** Σ a[i]·b[i] over `count` floats, a multiple of four. */
export function dot(a: Float32Array, aStart: number, b: Float32Array, bStart: number, count: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = 0; i < count; i += 4) {
    s0 += a[aStart + i]! * b[bStart + i]!;
    s1 += a[aStart + i + 1]! * b[bStart + i + 1]!;
    s2 += a[aStart + i + 2]! * b[bStart + i + 2]!;
    s3 += a[aStart + i + 3]! * b[bStart + i + 3]!;
  }
  return s0 + s1 + (s2 + s3);
}

/** Vectors of one head, one a position, `step` floats apart. */
interface HeadVectors {
  readonly values: Float32Array;
  readonly start: number;
  readonly step: number;
}

/** out[at …] = factor · Σ over positions from … end − 1 of weights[position] · vector; `width` is a multiple of four. */
export function weightedSum(
  weights: Float32Array,
  from: number,
  end: number,
  factor: number,
  { values, start, step }: HeadVectors,
  out: Float32Array,
  at: number,
  width: number,
): void {
  for (let c = 0; c < width; c += 4) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let position = from, i = start + from * step + c; position < end; position++, i += step) {
      const weight = weights[position]!;
      s0 += weight * values[i]!;
      s1 += weight * values[i + 1]!;
      s2 += weight * values[i + 2]!;
      s3 += weight * values[i + 3]!;
    }
    out[at + c] = factor * s0;
    out[at + c + 1] = factor * s1;
    out[at + c + 2] = factor * s2;
    out[at + c + 3] = factor * s3;
  }
}
