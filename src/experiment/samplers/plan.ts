import { categorical, STREAM, uniform } from '../../math/random';
import { passesOf } from './costs';
import type { Coefficient, ResolvedSampler } from './table';

/** One run's draws for one collection, before any token is sampled. Row = pair · candidates + candidate. */
export interface SamplingPlan {
  /** a of h_θ + a·(h_θ − h_ref). // [P·C] */
  readonly coefficients: Float32Array;
  /** 1/temperature; 0 draws uniformly. // [P·C] */
  readonly scales: Float32Array;
  /**
   * Uniform draws that T-PILAF compares with 1/(1 + Z⁺Z⁻) to keep a pair's coefficients or draw it from π_θ; 1 for
   * samplers of fixed weights, which always keep them. // [P]
   */
  readonly gates: Float32Array;
  /** Model passes per completion, summed over all rows; null where the paper's Table 1 has no price. */
  readonly passes: number | null;
}

/** Which component of the mixture each pair is drawn from, addressed by (seed, draw, pair). */
export function planSampling(sampler: ResolvedSampler, seed: number, step: number, pairs: number): SamplingPlan {
  const { candidates, mixture } = sampler;
  const coefficients = new Float32Array(pairs * candidates);
  const scales = new Float32Array(pairs * candidates);
  const gates = new Float32Array(pairs);
  const weights = mixture.map(({ weight }) => weight);
  const isChosen = sampler.partition || mixture.length > 1;
  let passes = 0;
  for (let pair = 0; pair < pairs; pair++) {
    const u = isChosen ? uniform({ seed, stream: STREAM.component, step, row: pair, token: 0 }) : 0;
    gates[pair] = sampler.partition ? u : 1;
    const component = mixture[categorical(weights, u)]!;
    for (let candidate = 0; candidate < candidates; candidate++) {
      const coefficient: Coefficient = candidate % 2 === 0 ? component.first : component.second;
      const row = pair * candidates + candidate;
      coefficients[row] = coefficient === 'uniform' ? 0 : coefficient;
      scales[row] = coefficient === 'uniform' ? 0 : 1 / sampler.temperature;
      passes += passesOf(sampler, coefficient);
    }
  }
  return { coefficients, scales, gates, passes: sampler.exact ? null : passes };
}
