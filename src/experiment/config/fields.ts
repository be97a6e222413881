/**
 * Every number a user may set, in one table: its bounds, its default and how to explain it.
 * The config schema, the page's controls and the command line's messages all read this table,
 * so a bound is written once.
 */
export interface NumberField {
  /** Dotted path in the config, as `--set` takes it; `arms.*` stands for every arm. */
  readonly path: string;
  readonly label: string;
  readonly help: string;
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
}

const field = (path: string, label: string, min: number, max: number, help: string, integer = false): NumberField => ({
  path,
  label,
  help,
  min,
  max,
  integer,
});

const whole = (path: string, label: string, min: number, max: number, help: string): NumberField =>
  field(path, label, min, max, help, true);

export const FIELDS = {
  seeds: whole(
    'seeds',
    'Seeds',
    1,
    64,
    'Independent repetitions of every arm. Seed i draws the same prompts and label noise in every arm, so arms are compared in pairs.',
  ),
  firstSeed: whole('firstSeed', 'First seed', 0, 4294967231, 'Seeds count upwards from here.'),
  beta: field(
    'beta',
    'β, the price of KL',
    0.001,
    100,
    'J = reward − β·KL. A small β lets the policy move far from the reference.',
  ),
  learningRate: field(
    'learningRate',
    'Learning rate',
    1e-7,
    1,
    'AdamW step size at the first step; it stays constant or falls linearly to zero.',
  ),
  steps: whole('schedule.steps', 'Steps', 1, 100_000, 'Optimiser steps, one minibatch each.'),
  pairs: whole(
    'schedule.pairs',
    'Pairs per step',
    1,
    256,
    'Preference pairs sampled, labelled and trained on at each step.',
  ),
  roundPairs: whole(
    'rounds.pairs',
    'Pairs per round',
    1,
    16_384,
    'How many pairs one policy collects before it trains on them. A multiple of the pairs per step.',
  ),
  epochs: whole('rounds.epochs', 'Epochs per round', 1, 100, 'How often a round’s training passes over its pairs.'),
  startPairs: whole(
    'start.pairs',
    'Pairs before the start',
    1,
    16_384,
    'Drawn from the reference, labelled, and shared by all arms of a seed. A multiple of the pairs per step.',
  ),
  startEpochs: whole(
    'start.epochs',
    'Epochs before the start',
    1,
    1000,
    'How often every policy trains on these pairs before the race. Many epochs on few pairs overfit.',
  ),
  startLearningRate: field(
    'start.learningRate',
    'Learning rate before the start',
    1e-7,
    1,
    'It stays constant. Where it is empty, the race’s learning rate is used.',
  ),
  smoothing: field(
    'loss.smoothing',
    'Label smoothing ε',
    0,
    0.5,
    'The share of flipped labels that conservative DPO expects; 0 is plain DPO.',
  ),
  flip: field('labeller.flip', 'Flipped labels', 0, 0.5, 'The probability that a label is reversed.'),
  every: whole(
    'evaluation.every',
    'Steps between evaluations',
    1,
    100_000,
    'Each evaluation is a dot in the plane. The first steps are evaluated more often.',
  ),
  samples: whole(
    'evaluation.samples',
    'Completions per evaluation',
    1,
    1024,
    'Sampled on fixed test prompts. The bandit ignores it, because it is evaluated exactly.',
  ),
  beta1: field('optimiser.beta1', 'AdamW β₁', 0, 0.9999, 'Decay of the gradient average.'),
  beta2: field('optimiser.beta2', 'AdamW β₂', 0, 0.99999, 'Decay of the squared-gradient average.'),
  epsilon: field('optimiser.epsilon', 'AdamW ε', 1e-12, 1, 'Added to the root of the squared-gradient average.'),
  weightDecay: field('optimiser.weightDecay', 'Weight decay', 0, 1, 'Decoupled, scaled by the learning rate.'),
  clip: field('optimiser.clip', 'Gradient clip', 1e-6, 1e6, 'A gradient longer than this is scaled down to it.'),
  prompts: whole('task.prompts', 'Prompts', 1, 256, 'Rows of the bandit’s tables.'),
  responses: whole('task.responses', 'Responses per prompt', 2, 256, 'Columns of the bandit’s tables.'),
  referenceScale: field(
    'task.referenceScale',
    'Reference spread',
    0,
    10,
    'The reference’s logits are standard normal numbers times this.',
  ),
  rewardScale: field(
    'task.rewardScale',
    'Reward range',
    0,
    100,
    'A factor on the rewards: on standard normal numbers on the bandit, on the oracle’s scores on reviews.',
  ),
  oracleWeight: field('task.oracles.*.weight', 'Weight', -100, 100, 'A factor on what an oracle credits.'),
  oracleWords: whole('task.oracles.*.words', 'Words', 1, 1000, 'The length that an oracle wants.'),
  taskSeed: whole('task.seed', 'Task seed', 0, 4294967295, 'Draws the bandit’s tables.'),
  tableEntry: field('task.rewards', 'Table entry', -1000, 1000, 'A logit or a reward of an explicit table.'),
  alpha: field(
    'arms.*.alpha',
    'α, interpolation strength',
    0,
    100,
    'PILAF samples from h_θ ± α·(h_θ − h_ref). The paper sets α = β.',
  ),
  temperature: field('arms.*.temperature', 'Temperature', 0.05, 20, 'Sampling divides the logits by it.'),
  n: whole('arms.*.n', 'N', 2, 64, 'Candidates drawn per pair where two of N are shown.'),
  weight: field('arms.*.mixture.*.weight', 'Weight', 0, 1, 'Probability of drawing a pair from this component.'),
  coefficient: field(
    'arms.*.mixture.*.first',
    'Coefficient a',
    -100,
    100,
    'Samples from h_θ + a·(h_θ − h_ref): 0 is the policy, −1 the reference.',
  ),
} as const satisfies Record<string, NumberField>;

export type FieldName = keyof typeof FIELDS;

/** The number that stands at a path of a config, such as `arms.1.alpha`. */
export const fieldAt = (path: string): NumberField | undefined => {
  const pattern = path.replace(/\.\d+(?=\.|$)/g, '.*');
  return Object.values(FIELDS).find((field) => field.path === pattern);
};

/** The allowed range in words, for error messages and help texts. */
export function rangeText(f: NumberField): string {
  return `${f.integer ? 'a whole number' : 'a number'} from ${f.min} to ${f.max}`;
}
