/**
 * Every sampler, one row each. Schema, page, runner and charts take what they know of a sampler from here; only its
 * colour is kept with the charts.
 */

/** `a` of logits h_θ + a·(h_θ − h_ref), or 'uniform' for equal probability on every response. */
export type Coefficient = number | 'uniform';

/** Pairs whose two completions are drawn with these coefficients, and how often. */
export interface MixtureComponent {
  readonly weight: number;
  readonly first: Coefficient;
  readonly second: Coefficient;
}

/** How a pair is chosen among the completions drawn for it. */
export type Selection =
  | 'pair' // the two completions as drawn
  | 'implicit-extremes' // best and worst by the policy's own implicit reward
  | 'implicit-closest' // the two different ones whose implicit rewards differ least
  | 'oracle-extremes' // best and worst by the oracle, which then has to read all of them
  | PairTable;

/** Rules that give every pair of responses its probability, where responses can be enumerated (`theory/pairTable.ts`). */
export const PAIR_TABLES = ['spread', 'oracle-spread', 'best-design', 'implicit-design'] as const;
export type PairTable = (typeof PAIR_TABLES)[number];

export const isPairTable = (selection: Selection): selection is PairTable =>
  PAIR_TABLES.some((name) => name === selection);

/** A preference sampler is data: a mixture over pairs of interpolation coefficients, and a selection rule. */
export interface Sampler {
  readonly title: string;
  readonly description: string;
  readonly source: string;
  /** @param own the arm's mixture, where the sampler leaves it to the arm */
  mixture(alpha: number, own: readonly MixtureComponent[]): readonly MixtureComponent[];
  /** Whether it interpolates by α. */
  readonly takesAlpha: boolean;
  /** Whether its mixture is the arm's own. */
  readonly takesMixture: boolean;
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

type Pair = readonly [first: Coefficient, second: Coefficient];

/** Components of equal probability. */
const evenly = (...pairs: Pair[]): MixtureComponent[] =>
  pairs.map(([first, second]) => ({ weight: 1 / pairs.length, first, second }));

const ordinary = {
  selection: 'pair',
  takesAlpha: false,
  takesMixture: false,
  partition: false,
  interpolates: false,
  exact: false,
} as const;

const ROWS = {
  vanilla: {
    ...ordinary,
    title: 'Vanilla',
    description: 'Both completions from the policy.',
    source: 'Rafailov et al. 2023, arXiv 2305.18290',
    mixture: () => evenly([0, 0]),
  },
  hybrid: {
    ...ordinary,
    title: 'Hybrid',
    description: 'One completion from the policy, one from the reference.',
    source: 'Xie et al. 2024, arXiv 2405.21046',
    mixture: () => evenly([0, -1]),
  },
  pilaf: {
    ...ordinary,
    title: 'PILAF',
    description:
      'Half the pairs from the policy; half with one completion pushed away from the reference and one pulled back.',
    source: 'Feng et al. 2025, arXiv 2502.04270',
    mixture: (alpha: number) => evenly([0, 0], [alpha, -alpha]),
    takesAlpha: true,
    interpolates: true,
  },
  'best-of-n': {
    ...ordinary,
    title: 'Best-of-N',
    description: 'N completions from the policy; the best and the worst by its own implicit reward.',
    // The largest implicit gap among N is also what active preference learning asks for (Muldrew et al. 2024).
    source: 'Xiong et al. 2024, arXiv 2312.11456',
    mixture: () => evenly([0, 0]),
    selection: 'implicit-extremes',
  },
  'closest-of-n': {
    ...ordinary,
    title: 'Closest-of-N',
    description: 'N completions from the policy; the two different ones that its implicit reward tells apart least.',
    source: 'Qi et al. 2025, arXiv 2508.04149',
    mixture: () => evenly([0, 0]),
    selection: 'implicit-closest',
  },
  'best-of-n-oracle': {
    ...ordinary,
    title: 'Best-of-N (oracle)',
    description: 'N completions from the policy; the best and the worst by the oracle, which reads all N.',
    source: 'Xiong et al. 2024, arXiv 2312.11456',
    mixture: () => evenly([0, 0]),
    selection: 'oracle-extremes',
  },
  uniform: {
    ...ordinary,
    title: 'Uniform',
    description: 'Both completions drawn evenly from all responses, whatever the policy.',
    source: 'theory only',
    mixture: () => evenly(['uniform', 'uniform']),
    exact: true,
  },
  't-pilaf': {
    ...ordinary,
    title: 'T-PILAF',
    description:
      'PILAF as in the paper’s theory: how often it interpolates follows from each prompt’s partition functions.',
    source: 'Feng et al. 2025, arXiv 2502.04270, theory',
    mixture: (alpha: number) => evenly([alpha, -alpha]),
    takesAlpha: true,
    interpolates: true,
    partition: true,
    exact: true,
  },
  reference: {
    ...ordinary,
    title: 'Reference',
    description: 'Both completions from the reference, as in offline data.',
    source: 'offline DPO, Rafailov et al. 2023, arXiv 2305.18290',
    mixture: () => evenly([-1, -1]),
  },
  simplemix: {
    ...ordinary,
    title: 'SimpleMix',
    description: 'Half the pairs from the policy, half from the reference, as offline data mixed in.',
    source: 'Li and Khashabi 2025, arXiv 2505.02363',
    mixture: () => evenly([0, 0], [-1, -1]),
  },
  'dpo-mix-p': {
    ...ordinary,
    title: 'DPO-Mix-P',
    description: 'One completion from 1.5·h_θ − 0.5·h_ref, one from 0.5·h_θ + 0.5·h_ref.',
    // The paper's variant for language models; its tabular one draws pairs in proportion to 2 + e^Δ + e^−Δ.
    source: 'Shi, Zhou and Du 2024, arXiv 2409.19605, for language models',
    mixture: () => evenly([0.5, -0.5]),
    interpolates: true,
  },
  'dpo-mix-p-table': {
    ...ordinary,
    title: 'DPO-Mix-P (table)',
    description: 'Pairs in proportion to 2 + e^Δ + e^−Δ, Δ by the policy’s own implicit reward.',
    source: 'Shi, Zhou and Du 2024, arXiv 2409.19605, for tables',
    mixture: () => evenly(['uniform', 'uniform']),
    selection: 'spread',
    exact: true,
  },
  'dpo-mix-r-table': {
    ...ordinary,
    title: 'DPO-Mix-R (table)',
    description: 'Pairs in proportion to 2 + e^Δ + e^−Δ, Δ by the oracle’s reward.',
    source: 'Shi, Zhou and Du 2024, arXiv 2409.19605, for tables',
    mixture: () => evenly(['uniform', 'uniform']),
    selection: 'oracle-spread',
    exact: true,
  },
  'best-design': {
    ...ordinary,
    title: 'Best design',
    description: 'The pairs that tell most about the optimum, by the oracle’s reward: a limit that no method knows.',
    source: 'A-optimal design; compare arXiv 2606.19607',
    mixture: () => evenly(['uniform', 'uniform']),
    selection: 'best-design',
    exact: true,
  },
  'implicit-design': {
    ...ordinary,
    title: 'Design by r_θ',
    description: 'The pairs that would tell most if the policy’s own implicit reward were the oracle’s.',
    source: 'A-optimal design; compare arXiv 2606.19607',
    mixture: () => evenly(['uniform', 'uniform']),
    selection: 'implicit-design',
    exact: true,
  },
  custom: {
    ...ordinary,
    title: 'Custom',
    description: 'A mixture of your own.',
    source: 'this experiment’s config',
    mixture: (_alpha: number, own: readonly MixtureComponent[]) => own,
    takesMixture: true,
  },
} satisfies Record<string, Sampler>;

export type SamplerName = keyof typeof ROWS;
export const SAMPLERS: Readonly<Record<SamplerName, Sampler>> = ROWS;
export const SAMPLER_NAMES = Object.keys(ROWS) as SamplerName[];

/** Whether a sampler draws N completions for a pair, not two. */
export function takesN(sampler: SamplerName): boolean {
  const { selection } = SAMPLERS[sampler];
  return selection !== 'pair' && !isPairTable(selection);
}

/** A sampler with an arm's numbers filled in. */
export interface ResolvedSampler extends Omit<Sampler, 'mixture'> {
  readonly mixture: readonly MixtureComponent[];
  /** Completions drawn per pair. */
  readonly candidates: number;
  readonly temperature: number;
  readonly weighted: boolean;
  /** Whether its coefficients fall to 0 as training goes on. */
  readonly fades: boolean;
}

/** What a sampler needs of the arm that it serves. */
export interface SamplingArm {
  readonly sampler: SamplerName;
  readonly alpha?: number | undefined;
  readonly alphaSchedule?: 'linear' | undefined;
  readonly mixture?: readonly MixtureComponent[] | undefined;
  readonly temperature: number;
  readonly n: number;
  readonly weighted: boolean;
}

/** @param beta the arm's, which is α where it has none of its own */
export function resolveSampler(arm: SamplingArm, beta: number): ResolvedSampler {
  const sampler = SAMPLERS[arm.sampler];
  const mixture = sampler.mixture(arm.alpha ?? beta, arm.mixture ?? []);
  return {
    ...sampler,
    mixture,
    exact: sampler.exact || mixture.some(({ first, second }) => first === 'uniform' || second === 'uniform'),
    candidates: takesN(arm.sampler) ? arm.n : 2,
    temperature: arm.temperature,
    weighted: arm.weighted,
    fades: arm.alphaSchedule === 'linear',
  };
}

/** A sampler as it draws after a share of all steps, from 0 to 1. */
export function samplerAt(sampler: ResolvedSampler, share: number): ResolvedSampler {
  if (!sampler.fades) return sampler;
  const faded = (a: Coefficient): Coefficient => (a === 'uniform' ? a : (1 - share) * a);
  return {
    ...sampler,
    mixture: sampler.mixture.map(({ weight, first, second }) => ({
      weight,
      first: faded(first),
      second: faded(second),
    })),
  };
}
