import { dpoLoss, sigmoid } from '../../math/bradleyTerry';
import { defineKernel } from '../device/kernel';

/** A thread a pair. */
export const DPO_SLOPES = defineKernel({
  name: 'DpoSlopes',
  inputs: { logProbs: 'f32', mask: 'f32', reference: 'f32', betas: 'f32', pairWeights: 'f32' },
  outputs: { losses: 'f32', slopes: 'f32' },
  constants: [],
  attributes: ['length', 'pairs'],
  code: /* wgsl */ `
fn logRatio(row: i32) -> f32 {
  var sum = 0.0;
  for (var i = row * attributes.length; i < (row + 1) * attributes.length; i++) {
    // What lies behind a completion's end may be anything.
    if (mask[i] != 0.0) {
      sum += mask[i] * logProbs[i];
    }
  }
  return sum - reference[row];
}

// log(1 + e) for e in [0, 1], by series where 1 + e would lose the small values.
fn log1pOfUnit(e: f32) -> f32 {
  let series = e * (1.0 - e * (0.5 - e * (0.33333334 - e * (0.25 - e * (0.2 - e * (0.16666667 - e * 0.14285715))))));
  return select(log(1.0 + e), series, e < 0.05);
}

fn compute(pair: i32) {
  let beta = betas[pair / attributes.pairs];
  let margin = beta * (logRatio(2 * pair) - logRatio(2 * pair + 1));
  let e = exp(-abs(margin));
  losses[pair] = max(-margin, 0.0) + log1pOfUnit(e);
  let weight = pairWeights[pair];
  var slope = 0.0;
  if (weight != 0.0) {
    slope = weight * beta * select(1.0, e, margin > 0.0) / (1.0 + e);
  }
  slopes[2 * pair] = -slope;
  slopes[2 * pair + 1] = slope;
}`,
  host({ logProbs, mask, reference, betas, pairWeights, losses, slopes }, { length, pairs }) {
    const logRatio = (row: number): number => {
      let sum = 0;
      for (let i = row * length; i < (row + 1) * length; i++) if (mask[i] !== 0) sum += mask[i]! * logProbs[i]!;
      return sum - reference[row]!;
    };
    for (let pair = 0; pair < losses.length; pair++) {
      const beta = betas[Math.floor(pair / pairs)]!;
      const margin = beta * (logRatio(2 * pair) - logRatio(2 * pair + 1));
      losses[pair] = dpoLoss(margin);
      const weight = pairWeights[pair]!;
      const slope = weight === 0 ? 0 : weight * beta * sigmoid(-margin);
      slopes[2 * pair] = 0 - slope; // never −0
      slopes[2 * pair + 1] = slope;
    }
  },
});
