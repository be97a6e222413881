import { SAMPLER_TITLES } from '../config/config';
import type { ArmConfig, MixtureComponent, SamplerName } from '../config/schema';

/** How a pair is chosen among the completions drawn for it. */
export type Selection =
  | 'pair' // the two completions as drawn
  | 'implicit-extremes' // best and worst by the policy's own implicit reward
  | 'oracle-extremes'; // best and worst by the oracle, which then has to read all of them

/** A preference sampler is data: a mixture over pairs of interpolation coefficients, and a selection rule. */
export interface Sampler {
  readonly title: string;
  readonly description: string;
  readonly source: string;
  /** Pairs of coefficients a of logits h_θ + a·(h_θ − h_ref), with their probabilities. */
  mixture(arm: ArmConfig, alpha: number): readonly MixtureComponent[];
  readonly selection: Selection;
  /**
   * T-PILAF draws both from π_θ with probability 1/(1 + Z⁺Z⁻) of the prompt instead of a fixed weight;
   * its mixture then holds the other component only.
   */
  readonly partition: boolean;
  /**
   * Whether a ≠ 0 always means an interpolation of two models. The paper's Table 1 counts two passes for one, also
   * at a = −1, where it happens to be the reference itself.
   */
  readonly interpolates: boolean;
  /** Exists only where every completion's probability is known; the paper's Table 1 does not price it. */
  readonly exact: boolean;
}

type Pair = readonly [first: MixtureComponent['first'], second: MixtureComponent['second']];

/** Components of equal probability. */
const evenly = (...pairs: Pair[]): MixtureComponent[] =>
  pairs.map(([first, second]) => ({ weight: 1 / pairs.length, first, second }));

const ordinary = { selection: 'pair', partition: false, interpolates: false, exact: false } as const;

const ROWS: Record<SamplerName, Omit<Sampler, 'title'>> = {
  vanilla: {
    ...ordinary,
    description: 'Both completions from the policy.',
    source: 'Rafailov et al. 2023, arXiv 2305.18290',
    mixture: () => evenly([0, 0]),
  },
  hybrid: {
    ...ordinary,
    description: 'One completion from the policy, one from the reference.',
    source: 'Xie et al. 2024, arXiv 2405.21046',
    mixture: () => evenly([0, -1]),
  },
  pilaf: {
    ...ordinary,
    description:
      'Half the pairs from the policy; half with one completion pushed away from the reference and one pulled back.',
    source: 'Feng et al. 2025, arXiv 2502.04270',
    mixture: (_arm, alpha) => evenly([0, 0], [alpha, -alpha]),
    interpolates: true,
  },
  'best-of-n': {
    ...ordinary,
    description: 'N completions from the policy; the best and the worst by its own implicit reward.',
    source: 'Xiong et al. 2024, arXiv 2312.11456',
    mixture: () => evenly([0, 0]),
    selection: 'implicit-extremes',
  },
  'best-of-n-oracle': {
    ...ordinary,
    description: 'N completions from the policy; the best and the worst by the oracle, which reads all N.',
    source: 'Xiong et al. 2024, arXiv 2312.11456',
    mixture: () => evenly([0, 0]),
    selection: 'oracle-extremes',
  },
  uniform: {
    ...ordinary,
    description: 'Both completions drawn evenly from all responses, whatever the policy.',
    source: 'theory only',
    mixture: () => evenly(['uniform', 'uniform']),
    exact: true,
  },
  't-pilaf': {
    ...ordinary,
    description:
      'PILAF as in the paper’s theory: how often it interpolates follows from each prompt’s partition functions.',
    source: 'Feng et al. 2025, arXiv 2502.04270, theory',
    mixture: (_arm, alpha) => evenly([alpha, -alpha]),
    interpolates: true,
    partition: true,
    exact: true,
  },
  reference: {
    ...ordinary,
    description: 'Both completions from the reference, as in offline data.',
    source: 'offline DPO, Rafailov et al. 2023, arXiv 2305.18290',
    mixture: () => evenly([-1, -1]),
  },
  'dpo-mix-p': {
    ...ordinary,
    description: 'One completion from 1.5·h_θ − 0.5·h_ref, one from 0.5·h_θ + 0.5·h_ref.',
    source: 'Shi, Zhou and Du 2024, arXiv 2409.19605',
    mixture: () => evenly([0.5, -0.5]),
    interpolates: true,
  },
  custom: {
    ...ordinary,
    description: 'A mixture of your own.',
    source: 'this experiment’s config',
    mixture: (arm) => arm.mixture ?? [],
  },
};

export const SAMPLERS: Readonly<Record<SamplerName, Sampler>> = Object.fromEntries(
  Object.entries(ROWS).map(([name, row]) => [name, { ...row, title: SAMPLER_TITLES[name as SamplerName] }]),
) as Record<SamplerName, Sampler>;

/** A sampler with an arm's numbers filled in. */
export interface ResolvedSampler extends Omit<Sampler, 'mixture'> {
  readonly mixture: readonly MixtureComponent[];
  /** Completions drawn per pair. */
  readonly candidates: number;
  readonly temperature: number;
  readonly weighted: boolean;
}

export function resolveSampler(arm: ArmConfig, beta: number): ResolvedSampler {
  const sampler = SAMPLERS[arm.sampler];
  const mixture = sampler.mixture(arm, arm.alpha ?? beta);
  return {
    ...sampler,
    mixture,
    exact: sampler.exact || mixture.some(({ first, second }) => first === 'uniform' || second === 'uniform'),
    candidates: sampler.selection === 'pair' ? 2 : arm.n,
    temperature: arm.temperature,
    weighted: arm.weighted,
  };
}
