import { LOSS_KINDS, pairLoss, referencePoint } from '../../math/preferenceLosses';
import { defineKernel } from '../device/kernel';

/** Σ over a completion's tokens of log π_θ, less log π_ref. A thread a row. */
export const LOG_RATIOS = defineKernel({
  name: 'LogRatios',
  inputs: { logProbs: 'f32', mask: 'f32', reference: 'f32' },
  outputs: { logRatios: 'f32' },
  constants: [],
  attributes: ['length'],
  threads: (_, { logRatios }) => logRatios,
  code: /* wgsl */ `
fn compute(row: i32) {
  var sum = 0.0;
  for (var i = row * attributes.length; i < (row + 1) * attributes.length; i++) {
    // What lies behind a completion's end may be anything.
    if (mask[i] != 0.0) {
      sum += mask[i] * logProbs[i];
    }
  }
  logRatios[row] = sum - reference[row];
}`,
  host({ logProbs, mask, reference, logRatios }, { length }) {
    for (let row = 0; row < logRatios.length; row++) {
      let sum = 0;
      for (let i = row * length; i < (row + 1) * length; i++) if (mask[i] !== 0) sum += mask[i]! * logProbs[i]!;
      logRatios[row] = sum - reference[row]!;
    }
  },
});

/** Losses of pairs and their derivatives, `pairLoss` of math/preferenceLosses.ts. A thread a pair. */
export const PREFERENCE_SLOPES = defineKernel({
  name: 'PreferenceSlopes',
  // settings: β, ε and the loss's number of every run. // [R, 3]
  inputs: { logRatios: 'f32', settings: 'f32', pairWeights: 'f32' },
  outputs: { losses: 'f32', slopes: 'f32' },
  constants: [],
  attributes: ['pairs'],
  threads: (_, { losses }) => losses,
  code: /* wgsl */ `
// log(1 + e) for e in [0, 1], by series where 1 + e would lose the small values.
fn log1pOfUnit(e: f32) -> f32 {
  let series = e * (1.0 - e * (0.5 - e * (0.33333334 - e * (0.25 - e * (0.2 - e * (0.16666667 - e * 0.14285715))))));
  return select(log(1.0 + e), series, e < 0.05);
}

fn softplus(x: f32) -> f32 {
  return max(x, 0.0) + log1pOfUnit(exp(-abs(x)));
}

fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(e, 1.0, x > 0.0) / (1.0 + e);
}

fn referencePoint(run: i32) -> f32 {
  var sum = 0.0;
  var rows = 0.0;
  for (var pair = run * attributes.pairs; pair < (run + 1) * attributes.pairs; pair++) {
    if (pairWeights[pair] != 0.0) {
      sum += logRatios[2 * pair] + logRatios[2 * pair + 1];
      rows += 2.0;
    }
  }
  return max(0.0, sum / max(rows, 1.0));
}

fn compute(pair: i32) {
  let run = pair / attributes.pairs;
  let beta = settings[3 * run];
  let smoothing = settings[3 * run + 1];
  let chosen = logRatios[2 * pair];
  let rejected = logRatios[2 * pair + 1];
  let margin = beta * (chosen - rejected);
  var loss = 0.0;
  var slope = vec2<f32>(0.0);
  switch i32(settings[3 * run + 2]) {
    case 1: {
      let excess = chosen - rejected - 0.5 / beta;
      loss = excess * excess;
      slope = vec2<f32>(2.0 * excess, -2.0 * excess);
    }
    case 2: {
      loss = max(0.0, 1.0 - margin);
      slope = select(vec2<f32>(0.0), vec2<f32>(-beta, beta), margin < 1.0);
    }
    case 3: {
      let point = referencePoint(run);
      let doubts = vec2<f32>(sigmoid(-beta * (chosen - point)), sigmoid(-beta * (point - rejected)));
      loss = 0.5 * (doubts.x + doubts.y);
      slope = 0.5 * beta * doubts * (1.0 - doubts) * vec2<f32>(-1.0, 1.0);
    }
    default: {
      loss = softplus(-margin);
      var kept = -sigmoid(-margin);
      if (smoothing != 0.0) {
        loss = (1.0 - smoothing) * loss + smoothing * softplus(margin);
        kept = (1.0 - smoothing) * kept + smoothing * sigmoid(margin);
      }
      slope = beta * vec2<f32>(kept, -kept);
    }
  }
  losses[pair] = loss;
  let weight = pairWeights[pair];
  slopes[2 * pair] = select(0.0, weight * slope.x, weight != 0.0);
  slopes[2 * pair + 1] = select(0.0, weight * slope.y, weight != 0.0);
}`,
  host({ logRatios, settings, pairWeights, losses, slopes }, { pairs }) {
    for (let run = 0; run < settings.length / 3; run++) {
      const [beta, smoothing, kind] = settings.subarray(3 * run, 3 * run + 3) as unknown as [number, number, number];
      const preferenceLoss = { kind: LOSS_KINDS[kind]!, beta, smoothing };
      const point = preferenceLoss.kind === 'kto' ? pointOf(logRatios, pairWeights, run * pairs, pairs) : 0;
      for (let pair = run * pairs; pair < (run + 1) * pairs; pair++) {
        const found = pairLoss(preferenceLoss, logRatios[2 * pair]!, logRatios[2 * pair + 1]!, point);
        losses[pair] = found.loss;
        const weight = pairWeights[pair]!;
        slopes[2 * pair] = weight === 0 ? 0 : weight * found.chosenSlope;
        slopes[2 * pair + 1] = weight === 0 ? 0 : weight * found.rejectedSlope;
      }
    }
  },
});

/** `referencePoint` of the pairs that count. */
function pointOf(logRatios: Float32Array, pairWeights: Float32Array, first: number, pairs: number): number {
  const rows = logRatios.subarray(2 * first, 2 * (first + pairs));
  return referencePoint(Array.from(rows).filter((_, row) => pairWeights[first + (row >> 1)] !== 0));
}
