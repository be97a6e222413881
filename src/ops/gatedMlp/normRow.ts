import { RMS_EPSILON } from '../rmsNorm/rmsNorm';

/** Where one row of `width` floats, its gain and its normed form lie. */
interface RowPlaces {
  readonly at: number;
  readonly gain: number;
  readonly to: number;
  readonly width: number;
}

/** RMSNorm of one row in the host's loops: out = x·scale·gain. Returns the scale, 1/√(mean(x²) + ε). */
export function normRow(
  x: Float32Array,
  weights: Float32Array,
  out: Float32Array,
  { at, gain, to, width }: RowPlaces,
): number {
  let squares = 0;
  for (let i = at; i < at + width; i++) squares += x[i]! * x[i]!;
  const scale = 1 / Math.sqrt(squares / width + RMS_EPSILON);
  for (let i = 0; i < width; i++) out[to + i] = x[at + i]! * scale * weights[gain + i]!;
  return scale;
}
