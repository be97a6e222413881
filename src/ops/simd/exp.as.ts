/*
 * Exponential and logarithm in float32, after Moshier's Cephes library.
 */

/** 1.5·2²³: added to a small number, it leaves that number rounded to an integer in the lowest bits. */
const ROUNDER: f32 = 12582912;

/**
 * exp of four numbers, to about 1e-7 of each. 0 and ∞ where float32 ends, with denormals before 0; NaN stays NaN,
 * because a comparison with it fails and leaves the second argument of pmin and pmax out.
 */
export function exp(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-105)), f32x4.splat(89));
  // x = n·log 2 + r; log 2 in two parts, the first of few digits, so that n times it is exact.
  const rounded = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504088896341)), f32x4.splat(ROUNDER));
  const n = f32x4.sub(rounded, f32x4.splat(ROUNDER));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.1219444e-4)));
  let p = f32x4.splat(1.98756915e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.mul(f32x4.mul(p, r), r), f32x4.add(r, f32x4.splat(1)));
  // 2ⁿ as a product of two, because n runs from −152 to 129, beyond what one exponent can say.
  const whole = i32x4.sub(rounded, i32x4.splat(reinterpret<i32>(ROUNDER)));
  const half = i32x4.shr_s(whole, 1);
  return f32x4.mul(f32x4.mul(p, power(half)), power(i32x4.sub(whole, half)));
}

/** 2ⁿ of integers −126 … 127. */
function power(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** The exponential of one number. */
export function expOf(x: f32): f32 {
  return f32x4.extract_lane(exp(f32x4.splat(x)), 0);
}

/** The natural logarithm of a positive, finite number that is not denormal; NaN of NaN. */
export function log(x: f32): f32 {
  if (x !== x) return x;
  // x = 2ⁿ·m, m from √½ to √2.
  const bits = reinterpret<i32>(x);
  let n = (bits >> 23) - 126;
  let m = reinterpret<f32>((bits & 0x7fffff) | 0x3f000000);
  if (m < 0.707106781186547524) {
    n--;
    m += m;
  }
  const f = m - 1;
  const z = f * f;
  let p: f32 = 7.0376836292e-2;
  p = p * f - 1.151461031e-1;
  p = p * f + 1.167699874e-1;
  p = p * f - 1.2420140846e-1;
  p = p * f + 1.4249322787e-1;
  p = p * f - 1.6668057665e-1;
  p = p * f + 2.0000714765e-1;
  p = p * f - 2.4999993993e-1;
  p = p * f + 3.3333331174e-1;
  const e = <f32>n;
  const tail = p * f * z + e * -2.1219444e-4 - 0.5 * z;
  return f + tail + e * 0.693359375;
}
