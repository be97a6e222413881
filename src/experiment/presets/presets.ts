import type { PaperExperiment } from './claims';
import { parseConfig } from '../config/config';
import type { ExperimentConfig, ExperimentConfigInput } from '../config/schema';
import { tunedRace } from '../config/tuned';
import { ARMS, onlineReviews, PAPER_PRESETS, RATES, SAME_EXPERIMENT, type TunedRates } from './paperPresets';
import { STORY_PRESETS } from './storyPresets';

/** A ready experiment of the gallery. */
export interface Preset {
  readonly id: string;
  readonly title: string;
  /** Two sentences for the gallery: what races, and what to watch. */
  readonly description: string;
  readonly config: ExperimentConfig;
  /** What it follows; null for races of our own. */
  readonly paper: PaperExperiment | null;
}

/** The seeds that docs/protocol.md tunes on. */
const TUNING_SEEDS = { seeds: 4, firstSeed: 1000 };

function atItsBest(race: ExperimentConfig, { tried, best }: TunedRates): ExperimentConfig {
  const over = [{ field: 'learningRate' as const, values: tried }];
  const chosen = best.map((learningRate, arm) => ({ arm, values: { learningRate } }));
  return tunedRace(race, { over, ...TUNING_SEEDS }, chosen);
}

function preset(
  id: string,
  title: string,
  description: string,
  input: ExperimentConfigInput,
  { paper = null, tuned }: { readonly paper?: PaperExperiment | null; readonly tuned?: TunedRates } = {},
): Preset {
  const checked = (one: unknown): ExperimentConfig => {
    const parsed = parseConfig(one);
    if (parsed.ok) return parsed.value;
    throw new Error(`preset ${id}: ${parsed.problems.map((p) => `${p.path}: ${p.message}`).join('; ')}`);
  };
  const config = checked(input);
  return { id, title, description, config: tuned ? checked(atItsBest(config, tuned)) : config, paper };
}

/** The bandit race with Vanilla and PILAF alone: a cell of the map over reward range and β. */
const mapCell = (rewardScale: number, beta: number): ExperimentConfigInput => ({
  task: { kind: 'bandit', prompts: 16, responses: 10, referenceScale: 1, rewardScale, seed: 0, tables: 'per-seed' },
  arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
  seeds: 20,
  beta,
  learningRate: 0.02,
  schedule: { steps: 1500, pairs: 32, learningRate: 'linear' },
  evaluation: { every: 50 },
});

/** Few seeds, to be run by oneself: Figure 3 has more. */
const ONLINE_REVIEWS: ExperimentConfigInput = {
  ...onlineReviews,
  arms: [...ARMS, { sampler: 'pilaf', alpha: 0.5 }],
  seeds: 3,
};

/** Shorter, as docs/protocol.md says. */
const UNBOUNDED_REVIEWS: ExperimentConfigInput = {
  ...ONLINE_REVIEWS,
  task: { kind: 'reviews', oracle: 'sum' },
  seeds: 16,
  schedule: { steps: 400, pairs: 16 },
};

/** The first one opens with the page. */
export const PRESETS: readonly Preset[] = [
  preset(
    'bandit-race',
    'Bandit race',
    '16 prompts, 10 responses each, the optimum known exactly. Watch how many labels each sampler needs to come close to it.',
    {
      task: {
        kind: 'bandit',
        prompts: 16,
        responses: 10,
        referenceScale: 1,
        rewardScale: 3,
        seed: 0,
        tables: 'per-seed',
      },
      arms: [
        { sampler: 'vanilla' },
        { sampler: 'pilaf' },
        { sampler: 't-pilaf' },
        { sampler: 'hybrid' },
        { sampler: 'uniform' },
      ],
      seeds: 20,
      beta: 1,
      learningRate: 0.02,
      schedule: { steps: 4000, pairs: 32, learningRate: 'linear' },
      evaluation: { every: 100 },
    },
  ),
  preset(
    'online-dpo',
    'Online DPO on reviews',
    'A small transformer writes restaurant reviews at the paper’s β = 0.1; a lexicon judges them. Watch reward rise, and what it costs in KL.',
    ONLINE_REVIEWS,
    { tuned: { tried: RATES, best: [3e-4, 3e-4, 3e-4, 3e-4, 3e-4] } },
  ),
  preset(
    'large-step',
    'Too large a step',
    'The race before at 10⁻³ for everybody, three times what suits any arm. Watch KL rise where reward stalls: what looks like a difference between samplers is one between step sizes.',
    ONLINE_REVIEWS,
  ),
  preset(
    'online-dpo-unbounded',
    'Reviews by an unbounded reward',
    'The same race by the plain sum of all words’ points, which no bound flattens, so that the optimum lies far off. Watch whether it matters more which sampler one takes.',
    UNBOUNDED_REVIEWS,
    { tuned: { tried: RATES, best: [1e-3, 1e-3, 1e-3, 1e-3, 1e-3] } },
  ),
  preset(
    'bandit-smaller-beta',
    'Bandit at β = 0.65',
    'Vanilla against PILAF with rewards spread by 3.2, a cell of the map that the page opens with. Watch the distance between the two curves, and compare with β = 3.',
    mapCell(3.2, 0.65),
  ),
  preset(
    'bandit-larger-beta',
    'Bandit at β = 3',
    'The same race where leaving the reference costs more, so that the optimum lies near it and PILAF, with α = β, pushes its pairs farther. Compare with β = 0.65.',
    mapCell(3.2, 3),
  ),
  ...STORY_PRESETS.map(({ id, title, description, input, ...rest }) => preset(id, title, description, input, rest)),
  ...PAPER_PRESETS.map(({ id, title, description, input, ...rest }) => preset(id, title, description, input, rest)),
];

/** By its id, or by that of a table whose experiment a preset is. */
export const findPreset = (id: string): Preset | undefined => PRESETS.find((p) => p.id === (SAME_EXPERIMENT[id] ?? id));
