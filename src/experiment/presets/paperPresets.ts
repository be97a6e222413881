import type { Claim, PaperExperiment, PrintedNumbers } from './claims';
import type { ExperimentConfigInput } from '../config/schema';

/** Learning rates that arms on reviews found as docs/protocol.md fixed it before. */
export interface TunedRates {
  /** What every arm tried. */
  readonly tried: readonly number[];
  /** Each arm's best. */
  readonly best: readonly number[];
}

/** The protocol's grid. */
export const RATES = [1e-4, 3e-4, 1e-3, 3e-3] as const;

/**
 * The experiments of "PILAF: Optimal Human Preference Sampling for Reward Modeling" (Feng et al., arXiv 2502.04270) at
 * the scale of a page. Chosen before they were run, and not changed after.
 */
export interface PaperPreset {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly input: ExperimentConfigInput;
  /** What tuning found; absent where all arms have the race's learning rate. */
  readonly tuned?: TunedRates;
  readonly paper: PaperExperiment;
}

const PAPER_SCALE =
  'The paper trains Llama-3.1-8B on HH-RLHF prompts and has a Llama-3.1-8B reward model label the pairs, at β = 0.1.';

const REVIEWS_SCALE =
  'Here a transformer of 107 thousand parameters writes restaurant reviews, a sentiment lexicon labels them, β = 0.1, and several seeds take the place of one large run.';

const AT_ITS_BEST = 'Every arm races at its own best learning rate, which was found on other seeds.';

const BANDIT_SCALE =
  'Here 16 prompts have 10 responses each and logits of their own, rewards are standard normal, β = 0.1, and 20 seeds have tables of their own; everything is evaluated exactly.';

const BEST_OF_N =
  'Best-of-N takes the best and the worst of 8 by implicit reward: with an oracle that gives labels only, nothing else can rank them.';

export const ARMS: ExperimentConfigInput['arms'] = [
  { sampler: 'vanilla' },
  { sampler: 'best-of-n', n: 8 },
  { sampler: 'hybrid' },
  { sampler: 'pilaf' },
];

const OTHERS = ['Vanilla', 'Best-of-N (N = 8)', 'Hybrid'] as const;

const REVIEWS = {
  task: { kind: 'reviews' },
  arms: ARMS,
  seeds: 16,
  beta: 0.1,
} as const satisfies Partial<ExperimentConfigInput>;

const BANDIT = {
  task: { kind: 'bandit', prompts: 16, responses: 10, referenceScale: 1, rewardScale: 1, tables: 'per-seed' },
  arms: ARMS,
  seeds: 20,
  beta: 0.1,
} as const satisfies Partial<ExperimentConfigInput>;

const above = (metric: 'objective' | 'reward' | 'kl', arm: string, than: string): Claim => ({
  kind: 'above',
  metric,
  arm,
  than,
});

const pilafLeads: readonly Claim[] = OTHERS.map((other) => above('objective', 'PILAF', other));

/** The table's rows: reward, KL and J. */
const TABLE_2: PrintedNumbers = {
  metrics: ['reward', 'kl', 'objective'],
  rows: {
    Vanilla: [-10.16, 35.2, -13.68],
    'Best-of-N (N = 8)': [-10.13, 32.38, -13.37],
    Hybrid: [-10.51, 22.86, -12.8],
    PILAF: [-9.8, 25.01, -12.3],
  },
};

/** The orders that Table 2's numbers have. */
const table2Claims: readonly Claim[] = [
  ...pilafLeads,
  ...OTHERS.map((other) => above('reward', 'PILAF', other)),
  above('kl', 'Vanilla', 'PILAF'),
  above('kl', 'Best-of-N (N = 8)', 'PILAF'),
  above('kl', 'PILAF', 'Hybrid'),
];

/** Its values are in no text that we could read. */
const TABLE_3: PrintedNumbers = {
  metrics: ['reward', 'kl', 'objective'],
  rows: { Vanilla: null, 'Best-of-N (N = 8)': null, Hybrid: null, PILAF: null },
};

const onlineClaims: readonly Claim[] = [...pilafLeads, { kind: 'saves', arm: 'PILAF', than: 'Vanilla', share: 0.4 }];

const overfitClaims: readonly Claim[] = [
  { kind: 'rises', metric: 'kl', arm: 'Vanilla' },
  above('reward', 'PILAF', 'Vanilla'),
  above('kl', 'Vanilla', 'PILAF'),
];

const cost = (arm: string, sampling: number, annotation: number): Claim[] => [
  { kind: 'costs', arm, spending: 'samplingCost', perPair: sampling },
  { kind: 'costs', arm, spending: 'annotationCost', perPair: annotation },
];

const ITERATIVE = {
  did: `${PAPER_SCALE} Rounds of collecting pairs and then training on them; every method starts from the model after the first round, which Vanilla made.`,
  rounds:
    'Four rounds of 512 pairs and 5 epochs in minibatches, the first by Vanilla and shared by all arms of a seed.',
};

const iterativeReviews: ExperimentConfigInput = {
  ...REVIEWS,
  learningRate: 5e-4,
  start: { kind: 'offline', pairs: 512, epochs: 5 },
  rounds: { pairs: 512, epochs: 5 },
  schedule: { steps: 480, pairs: 16 },
  evaluation: { every: 40, samples: 128 },
};

const iterativeBandit: ExperimentConfigInput = {
  ...BANDIT,
  learningRate: 0.02,
  start: { kind: 'offline', pairs: 512, epochs: 5 },
  rounds: { pairs: 512, epochs: 5 },
  schedule: { steps: 240, pairs: 32 },
  evaluation: { every: 20 },
};

const ONLINE = { did: `${PAPER_SCALE} Fresh pairs are sampled from the present policies at every step.` };

export const onlineReviews: ExperimentConfigInput = {
  ...REVIEWS,
  learningRate: 1e-3,
  schedule: { steps: 1200, pairs: 16 },
  evaluation: { every: 50, samples: 128 },
};

const onlineBandit: ExperimentConfigInput = {
  ...BANDIT,
  learningRate: 0.02,
  schedule: { steps: 4000, pairs: 32, learningRate: 'linear' },
  evaluation: { every: 100 },
};

const OVERFITTED = {
  did: `${PAPER_SCALE} Online DPO starts from a policy that was overfitted to a small set of preferences; in the plot the colour's saturation is the training step. Vanilla's KL rises and its reward stalls, PILAF reaches a higher reward at a lower KL.`,
};

const overfittedReviews: ExperimentConfigInput = {
  ...REVIEWS,
  learningRate: 1e-3,
  start: { kind: 'offline', pairs: 64, epochs: 20 },
  schedule: { steps: 400, pairs: 16 },
  evaluation: { every: 20, samples: 128 },
};

const overfittedBandit: ExperimentConfigInput = {
  ...BANDIT,
  learningRate: 0.02,
  start: { kind: 'offline', pairs: 64, epochs: 100 },
  schedule: { steps: 1000, pairs: 32 },
  evaluation: { every: 50 },
};

export const PAPER_PRESETS: readonly PaperPreset[] = [
  {
    id: 'table-1',
    title: 'Table 1: what a pair costs',
    description:
      'Passes of a model and responses read, counted from what ran. Watch the last columns of the table, not the plane.',
    input: {
      ...REVIEWS,
      arms: [
        { sampler: 'vanilla' },
        { sampler: 'best-of-n-oracle', n: 8 },
        { sampler: 'best-of-n', n: 8 },
        { sampler: 'hybrid' },
        { sampler: 'pilaf' },
      ],
      seeds: 8,
      learningRate: 1e-3,
      schedule: { steps: 10, pairs: 16 },
      evaluation: { every: 10, samples: 16 },
    },
    paper: {
      source: 'Table 1',
      did: 'Counts, for each method, the model passes that sampling a pair takes per completion, and the responses that are shown for its annotation.',
      changed:
        'Counted here while ten steps of online DPO ran: PILAF draws its kind of pair by chance, so its count has an interval. The passes are those of the paper’s accounting; our engine can do with fewer, because both models share their launches.',
      printed: null,
      claims: [
        ...cost('Vanilla', 2, 2),
        ...cost('Best-of-N (oracle) (N = 8)', 8, 8),
        ...cost('Best-of-N (N = 8)', 8, 2),
        ...cost('Hybrid', 2, 2),
        ...cost('PILAF', 3, 2),
      ],
    },
  },
  {
    id: 'figure-2',
    title: 'Figure 2: iterative DPO',
    description: 'Three rounds after a shared one by Vanilla. Watch the steps in reward and KL where a round begins.',
    input: iterativeReviews,
    // Three arms were best at the grid's edge, which grew by one.
    tuned: { tried: [3e-5, ...RATES], best: [1e-4, 3e-4, 1e-4, 1e-4] },
    paper: {
      source: 'Figure 2 (numbers: Table 2)',
      did: ITERATIVE.did,
      changed: `${REVIEWS_SCALE} ${AT_ITS_BEST} ${ITERATIVE.rounds} ${BEST_OF_N}`,
      printed: TABLE_2,
      claims: table2Claims,
    },
  },
  {
    id: 'figure-2-bandit',
    title: 'Figure 2 on the bandit',
    description: 'The same rounds where reward, KL and the optimum are exact.',
    input: iterativeBandit,
    paper: {
      source: 'Figure 2 (numbers: Table 2)',
      did: ITERATIVE.did,
      changed: `${BANDIT_SCALE} ${ITERATIVE.rounds} ${BEST_OF_N}`,
      printed: TABLE_2,
      claims: table2Claims,
    },
  },
  {
    id: 'figure-3',
    title: 'Figure 3: online DPO',
    description: 'Fresh pairs at every step. Watch whether PILAF stays above the others at the same KL.',
    input: onlineReviews,
    tuned: { tried: RATES, best: [3e-4, 3e-4, 3e-4, 3e-4] },
    paper: {
      source: 'Figure 3 (numbers: Table 3)',
      did: ONLINE.did,
      changed: `${REVIEWS_SCALE} ${AT_ITS_BEST} 16 pairs a step, 1,200 steps. ${BEST_OF_N}`,
      printed: TABLE_3,
      claims: onlineClaims,
    },
  },
  {
    id: 'figure-3-bandit',
    title: 'Figure 3 on the bandit',
    description: 'Online DPO at β = 0.1 where reward, KL and the optimum are exact.',
    input: onlineBandit,
    paper: {
      source: 'Figure 3 (numbers: Table 3)',
      did: ONLINE.did,
      changed: `${BANDIT_SCALE} 32 pairs a step, 4,000 steps, the learning rate falls to zero. ${BEST_OF_N}`,
      printed: TABLE_3,
      claims: onlineClaims,
    },
  },
  {
    id: 'figure-4',
    title: 'Figure 4: overfitted start',
    description: 'Vanilla and PILAF from a policy overfitted to 64 pairs. Watch KL: does it come back?',
    input: { ...overfittedReviews, arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }] },
    tuned: { tried: RATES, best: [1e-3, 1e-3] },
    paper: {
      source: 'Figure 4',
      did: OVERFITTED.did,
      changed: `${REVIEWS_SCALE} ${AT_ITS_BEST} The start is 20 epochs of offline DPO on 64 vanilla pairs, the same for all arms of a seed. No text that we could read says how Figures 4 and 5 differ. Here Figure 4 has Vanilla and PILAF, and Figure 5 has all four methods.`,
      printed: null,
      claims: [],
      judgedAt: 'figure-5',
    },
  },
  {
    id: 'figure-5',
    title: 'Figure 5: overfitted start, all methods',
    description: 'All four methods from a policy overfitted to 64 pairs. Watch who finds the way back first.',
    input: overfittedReviews,
    tuned: { tried: RATES, best: [1e-3, 1e-3, 1e-3, 1e-3] },
    paper: {
      source: 'Figure 5',
      did: OVERFITTED.did,
      changed: `${REVIEWS_SCALE} ${AT_ITS_BEST} The start is 20 epochs of offline DPO on 64 vanilla pairs, the same for all arms of a seed. ${BEST_OF_N}`,
      printed: null,
      claims: overfitClaims,
    },
  },
  {
    id: 'figure-5-milder',
    title: 'Figure 5 from a milder start',
    description:
      'The same, overfitted for eight epochs and not twenty: twice as far from the reference as the optimum. Watch KL come back.',
    input: { ...overfittedReviews, start: { kind: 'offline', pairs: 64, epochs: 8 } },
    tuned: { tried: RATES, best: [3e-4, 1e-3, 1e-3, 3e-4] },
    paper: {
      source: 'Figure 5',
      did: OVERFITTED.did,
      changed: `${REVIEWS_SCALE} ${AT_ITS_BEST} The start is 8 epochs of offline DPO on 64 vanilla pairs, the same for all arms of a seed: as many as bring it to twice the optimum's KL, chosen before the race. ${BEST_OF_N}`,
      printed: null,
      claims: overfitClaims,
    },
  },
  {
    id: 'figure-5-bandit',
    title: 'Figure 5 on the bandit',
    description: 'The overfitted start where reward, KL and the optimum are exact.',
    input: overfittedBandit,
    paper: {
      source: 'Figures 4 and 5',
      did: OVERFITTED.did,
      changed: `${BANDIT_SCALE} The start is 100 epochs of offline DPO on 64 vanilla pairs. ${BEST_OF_N}`,
      printed: null,
      claims: overfitClaims,
    },
  },
];

/** Tables whose experiment is a figure's: they open the same race. */
export const SAME_EXPERIMENT: Readonly<Record<string, string>> = { 'table-2': 'figure-2', 'table-3': 'figure-3' };
