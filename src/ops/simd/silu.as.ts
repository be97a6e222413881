import { exp } from './exp.as';

/** Infinite exponentials of −x make it 0. */
function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

/** out = silu(gate) ⊙ up; `count` is a multiple of four. */
export function siluProduct(gate: usize, up: usize, out: usize, count: i32): void {
  for (const end = out + (count << 2); out < end; gate += 16, up += 16, out += 16) {
    const g = v128.load(gate);
    v128.store(out, f32x4.mul(f32x4.mul(g, sigmoid(g)), v128.load(up)));
  }
}

/** From the gradient at the product, which `dUp` holds, to those at gate and up; `count` is a multiple of four. */
export function siluGradient(gate: usize, up: usize, dGate: usize, dUp: usize, count: i32): void {
  const one = f32x4.splat(1);
  for (const end = dUp + (count << 2); dUp < end; gate += 16, up += 16, dGate += 16, dUp += 16) {
    const d = v128.load(dUp);
    const g = v128.load(gate);
    const sigma = sigmoid(g);
    const slope = f32x4.mul(sigma, f32x4.add(one, f32x4.mul(g, f32x4.sub(one, sigma))));
    v128.store(dGate, f32x4.mul(f32x4.mul(d, v128.load(up)), slope));
    v128.store(dUp, f32x4.mul(f32x4.mul(d, g), sigma));
  }
}
