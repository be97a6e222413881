import type { Routines } from '../routines/routines';

/**
 * log Σ exp over `count` entries from `start`, as the largest entry and log Σ exp of what lies below it: subtracted one
 * after the other from an entry they keep the digits that their float32 sum would lose.
 */
export function logSumExpOfRow(
  routines: Routines,
  values: Float32Array,
  start: number,
  count: number,
): { readonly top: number; readonly below: number } {
  const top = routines.largest(values, start, count);
  return { top, below: Math.log(routines.sumOfExp(values, start, count, top)) };
}

/** The same in WGSL, over the storage array `name`, as a vector. */
export const logSumExpWgsl = (name: string) => /* wgsl */ `
fn logSumExpOfRow(start: i32, count: i32) -> vec2<f32> {
  var maximum = ${name}[start];
  for (var v = start + 1; v < start + count; v++) {
    maximum = max(maximum, ${name}[v]);
  }
  var sum = 0.0;
  for (var v = start; v < start + count; v++) {
    sum += exp(${name}[v] - maximum);
  }
  return vec2<f32>(maximum, log(sum));
}`;
