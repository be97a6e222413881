import { resolveSampler, type Coefficient, type ResolvedSampler, type SamplingArm } from './table';

/** Costs per preference pair, as the paper's Table 1 counts them. */
export interface PairCost {
  /** Model passes per completion summed over the completions drawn; null for samplers that exist only in theory. */
  readonly sampling: number | null;
  /** Responses that the annotator reads. */
  readonly annotation: number;
}

/** π_θ or π_ref alone takes one pass a token, an interpolation takes one of each model. */
export function passesOf({ interpolates }: ResolvedSampler, coefficient: Coefficient): number {
  if (coefficient === 'uniform') return 0;
  return coefficient === 0 || (coefficient === -1 && !interpolates) ? 1 : 2;
}

/** The expected cost of a pair; what a run truly spent is counted while it runs. */
export function costOf(arm: SamplingArm, beta: number): PairCost {
  const sampler = resolveSampler(arm, beta);
  const passes = sampler.mixture.reduce(
    (sum, { weight, first, second }) =>
      sum + (weight * sampler.candidates * (passesOf(sampler, first) + passesOf(sampler, second))) / 2,
    0,
  );
  return {
    sampling: sampler.exact ? null : passes,
    annotation: sampler.selection === 'oracle-extremes' ? sampler.candidates : 2,
  };
}
