import { plainAttention } from './plainAttention';
import { plainNorm } from './plainNorm';
import { plainProduct } from './plainProduct';
import type { Routines } from './routines';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The routines as loops over plain arrays, for the CPU backend and where WebAssembly lacks vectors. */
export const PLAIN_ROUTINES: Routines = {
  product: plainProduct,
  ...plainNorm,
  ...plainAttention,

  siluProduct(gate, up, out) {
    for (let i = 0; i < out.length; i++) out[i] = gate[i]! * sigmoid(gate[i]!) * up[i]!;
  },

  siluGradient(gate, up, dGate, dUp) {
    for (let i = 0; i < dUp.length; i++) {
      const [d, g] = [dUp[i]!, gate[i]!];
      const sigma = sigmoid(g);
      dGate[i] = d * up[i]! * sigma * (1 + g * (1 - sigma));
      dUp[i] = d * g * sigma;
    }
  },

  largest(x, start, count) {
    let found = -Infinity;
    for (let i = start; i < start + count; i++) if (x[i]! > found) found = x[i]!;
    return found;
  },

  sumOfExp(x, start, count, shift) {
    let sum = 0;
    for (let i = start; i < start + count; i++) sum += Math.exp(x[i]! - shift);
    return sum;
  },

  scaledExp(x, out, start, count, shift, factor) {
    for (let i = start; i < start + count; i++) out[i] = factor * Math.exp(x[i]! - shift);
  },

  sumOfSquares(x) {
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += x[i]! * x[i]!;
    return sum;
  },

  adamW({ gradient, weights, mean, square, settings, factor, rate }) {
    const [beta1, rest1, beta2, rest2, correction1, correction2, epsilon, decay] = [...settings] as Settings;
    for (let i = 0; i < gradient.length; i++) {
      const g = factor * gradient[i]!;
      const m = beta1 * mean[i]! + rest1 * g;
      const v = beta2 * square[i]! + rest2 * (g * g);
      mean[i] = m;
      square[i] = v;
      const w = weights[i]!;
      weights[i] = w - rate * (m / correction1 / (Math.sqrt(v) / correction2 + epsilon) + decay * w);
    }
  },
};

type Settings = [number, number, number, number, number, number, number, number];
