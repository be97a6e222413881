import { KEY_TAG, ROW_BITS } from '../../math/random';
import { philox4x32 } from '../../math/philox';

/** Where the random numbers of one call come from: the part of the address that all rows share. */
export interface TokenAddress {
  readonly stream: number;
  readonly step: number;
  readonly token: number;
}

const block = new Uint32Array(4);

/**
 * −log(1 − w) for w = (bits + ½)·2⁻³², an Exponential(1) draw. Written so that the small values, which decide who
 * wins, keep their relative accuracy; the kernel on WebGPU uses the same form.
 */
const exponential = (bits: number): number => -Math.log1p(-(bits + 0.5) * 2 ** -32);

/** The random bits of a row's vocabulary entries; runs of one seed share them. */
export function drawBits(out: Uint32Array, seed: number, row: number, address: TokenAddress): void {
  const high = ((address.token << ROW_BITS) | row) >>> 0;
  for (let item = 0; item < out.length; item += 4) {
    philox4x32(block, item >>> 2, high, address.step, address.stream, seed, KEY_TAG);
    for (let i = 0; i < 4 && item + i < out.length; i++) out[item + i] = block[i]!;
  }
}

/**
 * Draws one token from softmax(scale·(policy + a·(policy − reference))) by the Gumbel-max trick
 * (Maddison, Tarlow and Minka 2014): argmax of logit + Gumbel noise, noise = −log(Exponential(1)).
 * Ties go to the lower index. NaN never wins, so a diverged run yields token 0.
 *
 * @param logits holds both rows, as long as `bits`, at the two offsets
 * @param bits from `drawBits`
 */
export function drawToken(
  logits: Float32Array,
  policy: number,
  reference: number,
  coefficient: number,
  scale: number,
  bits: Uint32Array,
): number {
  let best = 0;
  let bestScore = -Infinity;
  for (let item = 0; item < bits.length; item++) {
    const random = bits[item]!;
    const h = logits[policy + item]!;
    const logit = scale * (h + coefficient * (h - logits[reference + item]!));
    // −log(1 − w) ≥ w ≥ 2^−(leading zeros + 1) bounds the noise: most entries cannot win, and skip both logarithms.
    if (logit + (Math.clz32(random) + 1) * Math.LN2 <= bestScore) continue;
    const score = logit - Math.log(exponential(random));
    if (score > bestScore) {
      bestScore = score;
      best = item;
    }
  }
  return best;
}
