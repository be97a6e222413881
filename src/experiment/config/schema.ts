import * as v from 'valibot';
import { LOSS_KINDS } from '../../math/preferenceLosses';
import { shown } from '../reading';
import { SAMPLER_NAMES } from '../samplers/table';
import { FIELDS, rangeText } from './fields';
import { list, number, object, oneOf, text } from './pieces';
import { taskSchema } from './tasks';

/**
 * The experiment config: the one document that the page, a file and the command line share.
 * Defaults are filled in while parsing, so a parsed config is complete.
 */

/** `a` of logits h_θ + a·(h_θ − h_ref), or 'uniform' for equal probability on every response. */
const coefficient = v.union(
  [number('coefficient'), v.literal('uniform')],
  (issue) => `${shown(issue.input)} is not allowed; give ${rangeText(FIELDS.coefficient)}, or "uniform"`,
);

const component = object({ weight: number('weight'), first: coefficient, second: coefficient });

const lossSchema = object({
  kind: v.optional(oneOf(LOSS_KINDS), 'dpo'),
  /** ε of conservative DPO. */
  smoothing: v.optional(number('smoothing'), 0),
});

export const READERS = ['oracle', 'panel', 'person'] as const;
export const LABEL_RULES = ['bradley-terry', 'deterministic'] as const;

const labellerSchema = object({
  /** Who reads the two completions: the oracle, one of a panel of people with ratings of their own, or whoever sits there. */
  reader: v.optional(oneOf(READERS), 'oracle'),
  /** How scores become a label: by chance σ(r(a) − r(b)), or always the higher one. */
  rule: v.optional(oneOf(LABEL_RULES), 'bradley-terry'),
  flip: v.optional(number('flip'), 0),
});

/** Pairs are collected under one policy, which then trains on them; where absent, every step has a round of its own. */
const roundsSchema = object({
  pairs: number('roundPairs'),
  epochs: v.optional(number('epochs'), 1),
  /** Trains on the pairs of all rounds so far; those of an offline start are none of them. */
  accumulate: v.optional(v.boolean('must be true or false'), false),
  /** Forgets AdamW's averages when a round begins. */
  resetOptimiser: v.optional(v.boolean('must be true or false'), false),
  /** From the second round on, the policy at a round's beginning is the reference of its sampling and training; KL and J keep the first. */
  movingReference: v.optional(v.boolean('must be true or false'), false),
});

/** Settings of an arm that can be tuned. */
export const TUNABLE = ['learningRate', 'alpha', 'n', 'loss'] as const;

const tried = v.union(
  [v.number(), lossSchema],
  (issue) => `${shown(issue.input)} is not allowed; give a number, or a loss`,
);

/** What every arm tries, and on which seeds. */
const tuningEntries = {
  over: list(object({ field: oneOf(TUNABLE), values: list(tried, 1, 64) }), 1, TUNABLE.length),
  seeds: number('seeds'),
  firstSeed: number('firstSeed'),
};

export const tuningSchema = object(tuningEntries);

/** How the arms came by values of their own. The mark is `tuningMark` of the config that they hold for. */
const tunedSchema = object({ ...tuningEntries, mark: text('a mark', 16) });

/** Where every arm starts. */
const startSchema = v.variant(
  'kind',
  [
    object({ kind: v.literal('reference') }),
    /** After offline DPO on vanilla pairs: a first round that all arms share, or, with many epochs, an overfitted start. */
    object({
      kind: v.literal('offline'),
      pairs: number('startPairs'),
      epochs: number('startEpochs'),
      learningRate: v.optional(number('startLearningRate')),
    }),
    object({ kind: v.literal('checkpoint'), checkpoint: text('the name of a checkpoint', 400) }),
  ],
  (issue) => `${shown(issue.input)} is not allowed; give a start with kind "reference", "offline" or "checkpoint"`,
);

const armSchema = object({
  sampler: oneOf(SAMPLER_NAMES),
  /** Shown in charts and results; must be unique. Derived from the sampler where absent. */
  name: v.optional(text('a name', 40)),
  /** Interpolation strength; the arm's β where absent. */
  alpha: v.optional(number('alpha')),
  /** α falls in a line to 0 at the last step; it stays as it is where absent. */
  alphaSchedule: v.optional(oneOf(['linear'])),
  temperature: v.optional(number('temperature'), 1),
  /** Candidates per pair, best-of-N samplers only. */
  n: v.optional(number('n'), 8),
  /** The pair distribution of a `custom` sampler. */
  mixture: v.optional(list(component, 1, 8)),
  /** Per-prompt weights (1 + Z⁺Z⁻)/mean of T-PILAF's theory; plain DPO loss where false. */
  weighted: v.optional(v.boolean('must be true or false'), false),
  /** Overrides of the experiment's β, learning rate and loss for this arm. */
  beta: v.optional(number('beta')),
  learningRate: v.optional(number('learningRate')),
  loss: v.optional(lossSchema),
});

export const configSchema = object({
  task: taskSchema,
  arms: list(armSchema, 1, 12),
  seeds: v.optional(number('seeds'), 4),
  firstSeed: v.optional(number('firstSeed'), 0),
  beta: number('beta'),
  learningRate: number('learningRate'),
  loss: v.optional(lossSchema, {}),
  labeller: v.optional(labellerSchema, {}),
  start: v.optional(startSchema, { kind: 'reference' }),
  rounds: v.optional(v.nullable(roundsSchema), null),
  schedule: object({
    steps: number('steps'),
    pairs: number('pairs'),
    learningRate: v.optional(oneOf(['constant', 'linear']), 'constant'),
  }),
  optimiser: v.optional(
    object({
      beta1: v.optional(number('beta1'), 0.9),
      beta2: v.optional(number('beta2'), 0.999),
      epsilon: v.optional(number('epsilon'), 1e-8),
      weightDecay: v.optional(number('weightDecay'), 0),
      clip: v.optional(v.nullable(number('clip')), null),
    }),
    {},
  ),
  evaluation: object({
    every: number('every'),
    samples: v.optional(number('samples'), 128),
  }),
  tuned: v.optional(tunedSchema),
});

export type ExperimentConfig = v.InferOutput<typeof configSchema>;
export type ExperimentConfigInput = v.InferInput<typeof configSchema>;
export type ArmConfig = ExperimentConfig['arms'][number];
export type LossConfig = ExperimentConfig['loss'];
export type LabellerConfig = ExperimentConfig['labeller'];
export type StartConfig = ExperimentConfig['start'];
export type Tuned = NonNullable<ExperimentConfig['tuned']>;
export type TunableField = (typeof TUNABLE)[number];
