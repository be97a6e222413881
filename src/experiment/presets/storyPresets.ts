import { SHIPPED_REWARD_MODEL } from '../config/oracles';
import type { ExperimentConfigInput } from '../config/schema';
import { ARMS, type TunedRates } from './paperPresets';

/** A race of our own on plain text. */
interface StoryPreset {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly input: ExperimentConfigInput;
  /** What tuning found; absent where all arms have the race's learning rate. */
  readonly tuned?: TunedRates;
}

/** The shipped policy, judged by words alone. */
export const STORIES_TASK = {
  kind: 'text',
  checkpoint: 'stories',
  oracles: [{ of: 'sentiment' }, { of: 'variety' }, { of: 'ending' }],
} as const satisfies ExperimentConfigInput['task'];

const STORIES = {
  task: STORIES_TASK,
  arms: ARMS,
  seeds: 4,
  beta: 0.1,
  learningRate: 3e-4,
  schedule: { steps: 150, pairs: 8 },
  evaluation: { every: 15, samples: 64 },
} as const satisfies ExperimentConfigInput;

export const STORY_PRESETS: readonly StoryPreset[] = [
  {
    id: 'stories',
    title: 'Stories',
    description:
      'A transformer of a million parameters writes beginnings of children’s stories; a published lexicon of sentiment judges them. Watch the stories turn happy, and what it costs in KL.',
    input: STORIES,
    tuned: { tried: [3e-5, 1e-4, 3e-4, 1e-3], best: [1e-4, 1e-4, 1e-4, 1e-4] },
  },
  {
    id: 'stories-iterative',
    title: 'Stories in rounds',
    description:
      'The same in three rounds of 256 pairs, each trained on three times over, the first by Vanilla for all. Watch what old pairs are worth to a policy that has moved on.',
    input: {
      ...STORIES,
      start: { kind: 'offline', pairs: 256, epochs: 3 },
      rounds: { pairs: 256, epochs: 3 },
      schedule: { steps: 192, pairs: 8 },
      evaluation: { every: 16, samples: 64 },
    },
    tuned: { tried: [3e-5, 1e-4, 3e-4, 1e-3], best: [1e-4, 1e-4, 1e-4, 1e-4] },
  },
  {
    id: 'stories-learnt',
    title: 'Stories by a learnt reward',
    description:
      'The judge is a small model that has learnt from 1,800 votes, and β hardly holds back. Watch how little the true reward, dotted, gains from the second half of the KL: overoptimisation.',
    input: {
      ...STORIES,
      task: {
        ...STORIES_TASK,
        oracles: [{ of: 'learnt', model: SHIPPED_REWARD_MODEL }],
        truth: STORIES_TASK.oracles,
        oracle: 'sum',
      },
      arms: [{ sampler: 'vanilla' }, { sampler: 'hybrid' }, { sampler: 'pilaf' }],
      beta: 0.01,
      schedule: { steps: 300, pairs: 8 },
    },
  },
];
