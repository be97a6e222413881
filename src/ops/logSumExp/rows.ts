/** log Σ exp over `count` entries from `start`, stable. */
export function logSumExpOfRow(values: Float32Array, start: number, count: number): number {
  let maximum = -Infinity;
  for (let v = start; v < start + count; v++) if (values[v]! > maximum) maximum = values[v]!;
  let sum = 0;
  for (let v = start; v < start + count; v++) sum += Math.exp(values[v]! - maximum);
  return maximum + Math.log(sum);
}

/**
 * The same in WGSL, over the storage array `name`, as (largest entry, log Σ exp of what lies below it): subtracted one
 * after the other they keep the digits that their float32 sum would lose.
 */
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
