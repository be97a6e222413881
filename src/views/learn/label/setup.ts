import { parseConfig } from '../../../experiment/config/config';
import type { ExperimentConfig, ExperimentConfigInput } from '../../../experiment/config/schema';
import { STORIES_TASK } from '../../../experiment/presets/storyPresets';
import { valueOf } from '../../../experiment/reading';
import type { SamplerName } from '../../../experiment/samplers/table';
import { setting } from '../query';

/** Samplers that a person can label for: two arms that show the same number of completions. */
export const LABELLED_SAMPLERS = ['vanilla', 'pilaf', 'hybrid', 'best-of-n', 'reference', 'dpo-mix-p'] as const;
export type LabelledSampler = (typeof LABELLED_SAMPLERS)[number];

/** Tasks that people label here. */
export const LABELLED_TASKS = ['reviews', 'stories', 'bandit'] as const;
export type LabelledTask = (typeof LABELLED_TASKS)[number];

export interface LabelSetup {
  readonly task: LabelledTask;
  readonly first: LabelledSampler;
  readonly second: LabelledSampler;
  readonly rounds: number;
  readonly seed: number;
}

export const LABEL_SETTINGS = {
  rounds: setting(
    'rounds',
    'Rounds',
    { min: 1, max: 20, integer: true },
    4,
    'Of eight pairs each, four from each arm.',
  ),
  seed: setting('seed', 'Seed', { min: 0, max: 9999, integer: true }, 0, 'Another seed shows other pairs.'),
};

/** Pairs that each of the two arms shows in a round. */
export const PAIRS_PER_ARM = 4;

/** Steps of training after a round: with so few labels a single one would move nothing that one sees. */
const EPOCHS = 4;
interface Labelled {
  readonly title: string;
  readonly task: ExperimentConfigInput['task'];
  readonly beta: number;
  readonly learningRate: number;
  /** Of PILAF; β where absent. */
  readonly alpha?: number;
}

export const TASKS: Record<LabelledTask, Labelled> = {
  // They fall apart within six rounds at twice this rate.
  reviews: {
    title: 'Restaurant reviews',
    task: { kind: 'reviews' },
    beta: 0.1,
    learningRate: 0.0006,
    alpha: 0.5,
  },
  stories: {
    title: 'Children’s stories',
    task: STORIES_TASK,
    beta: 0.1,
    learningRate: 0.0003,
    alpha: 0.5,
  },
  bandit: {
    title: 'A bandit: responses with a worth',
    task: { kind: 'bandit', prompts: 4, responses: 6, rewardScale: 2 },
    beta: 0.5,
    learningRate: 0.2,
  },
};

/** The experiment that a person labels: two arms, one seed, so that both see the same prompts. */
export function labelConfig({ task, first, second, rounds, seed }: LabelSetup): ExperimentConfig {
  const { task: labelled, beta, learningRate, alpha } = TASKS[task];
  const arm = (sampler: SamplerName) => ({
    sampler,
    ...(sampler === 'pilaf' && alpha !== undefined ? { alpha } : {}),
  });
  return valueOf(
    parseConfig({
      task: labelled,
      arms: [arm(first), arm(second)],
      seeds: 1,
      firstSeed: seed,
      beta,
      learningRate,
      labeller: { reader: 'person' },
      rounds: { pairs: PAIRS_PER_ARM, epochs: EPOCHS },
      schedule: { steps: rounds * EPOCHS, pairs: PAIRS_PER_ARM },
      evaluation: { every: EPOCHS, samples: 64 },
    }),
  );
}
