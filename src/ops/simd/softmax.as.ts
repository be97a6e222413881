import { exp, expOf } from './exp.as';
import { sumOf } from './lanes.as';

/** The largest of `count` numbers, without regard to NaN. */
export function largest(x: usize, count: i32): f32 {
  let most = f32x4.splat(-Infinity);
  let i = 0;
  for (; i + 4 <= count; i += 4, x += 16) most = f32x4.pmax(most, v128.load(x));
  let found: f32 = -Infinity;
  for (; i < count; i++, x += 4) if (load<f32>(x) > found) found = load<f32>(x);
  most = f32x4.pmax(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
  most = f32x4.pmax(most, v128.shuffle<f32>(most, most, 1, 0, 3, 2));
  const ofVectors = f32x4.extract_lane(most, 0);
  return ofVectors > found ? ofVectors : found;
}

/** Σ exp(x − shift). */
export function sumOfExp(x: usize, count: i32, shift: f32): f32 {
  let sums = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4, x += 16) sums = f32x4.add(sums, exp(f32x4.sub(v128.load(x), f32x4.splat(shift))));
  let sum = sumOf(sums);
  for (; i < count; i++, x += 4) sum += expOf(load<f32>(x) - shift);
  return sum;
}

/** out = factor · exp(x − shift). */
export function scaledExp(x: usize, out: usize, count: i32, shift: f32, factor: f32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4, x += 16, out += 16) {
    v128.store(out, f32x4.mul(f32x4.splat(factor), exp(f32x4.sub(v128.load(x), f32x4.splat(shift)))));
  }
  for (; i < count; i++, x += 4, out += 4) store<f32>(out, factor * expOf(load<f32>(x) - shift));
}
