import { foreign } from '../../math/foreign';
import * as v from 'valibot';
import { FIELDS, rangeText, type FieldName, type NumberField } from './fields';

/**
 * The experiment config: the one document that the page, a file and the command line share.
 * Defaults are filled in while parsing, so a parsed config is complete.
 */

export const SAMPLER_NAMES = [
  'vanilla',
  'hybrid',
  'pilaf',
  'best-of-n',
  'best-of-n-oracle',
  'uniform',
  't-pilaf',
  'reference',
  'dpo-mix-p',
  'custom',
] as const;
export type SamplerName = (typeof SAMPLER_NAMES)[number];

/** Samplers that need every completion's probability: only an enumerable task can run them. */
export const EXACT_SAMPLERS: readonly SamplerName[] = ['uniform', 't-pilaf'];

const ALPHA_SAMPLERS: readonly SamplerName[] = ['pilaf', 't-pilaf'];
/** Whether a sampler interpolates by α. */
export const takesAlpha = (sampler: SamplerName): boolean => ALPHA_SAMPLERS.includes(sampler);

const N_SAMPLERS: readonly SamplerName[] = ['best-of-n', 'best-of-n-oracle'];
/** Whether a sampler draws N completions for a pair, not two. */
export const takesN = (sampler: SamplerName): boolean => N_SAMPLERS.includes(sampler);

/** What is nested in a bad value is left out: it may be of any depth. */
const flat = (value: unknown) => (_: string, inner: unknown) =>
  inner === value || typeof inner !== 'object' || inner === null ? inner : '…';

const shown = (value: unknown): string => {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value, flat(value)) ?? String(value));
  return foreign(text);
};

const number = (name: FieldName) => {
  const f = FIELDS[name];
  const message = (issue: { input: unknown }) => `${shown(issue.input)} is not allowed; give ${rangeText(f)}`;
  return v.pipe(
    v.number(message),
    v.check((x: number) => Number.isFinite(x) && x >= f.min && x <= f.max, message),
    v.check((x: number) => !f.integer || Number.isInteger(x), message),
  );
};

const oneOf = <const T extends readonly [string, ...string[]]>(options: T) =>
  v.picklist(options, (issue) => `${shown(issue.input)} is not one of ${options.join(', ')}`);

const object = <const T extends v.ObjectEntries>(entries: T) =>
  v.strictObject(entries, (issue) => {
    const names = Object.keys(entries).join(', ');
    if (issue.expected === 'never') return `unknown field; allowed here: ${names}`;
    if (issue.expected !== 'Object') return 'is missing';
    return `${shown(issue.input)} is not allowed; give an object with ${names}`;
  });

const text = (what: string, maximum: number) =>
  v.pipe(
    v.string((issue) => `${shown(issue.input)} is not ${what}`),
    v.minLength(1, `is empty; give ${what}`),
    v.maxLength(maximum, `is longer than ${maximum} characters`),
    v.regex(/^\P{Cc}*$/u, 'holds control characters'),
  );

/** Looks at the entries only where their number is right: a link may come with a million of them. */
const list = <T extends v.GenericSchema>(item: T, minimum: number, maximum: number) =>
  v.pipe(
    v.custom<v.InferInput<T>[]>(
      (input) => Array.isArray(input) && input.length >= minimum && input.length <= maximum,
      ({ input }) =>
        Array.isArray(input)
          ? `has too ${input.length < minimum ? 'few' : 'many'} entries; give ${minimum} to ${maximum}`
          : `${shown(input)} is not a list`,
    ),
    v.array(item),
  );

/** `a` of logits h_θ + a·(h_θ − h_ref), or 'uniform' for equal probability on every response. */
const coefficient = v.union(
  [number('coefficient'), v.literal('uniform')],
  (issue) => `${shown(issue.input)} is not allowed; give ${rangeText(FIELDS.coefficient)}, or "uniform"`,
);

const component = object({ weight: number('weight'), first: coefficient, second: coefficient });

export const LOSS_KINDS = ['dpo', 'ipo', 'hinge', 'kto'] as const;

const lossSchema = object({
  kind: v.optional(oneOf(LOSS_KINDS), 'dpo'),
  /** ε of conservative DPO. */
  smoothing: v.optional(number('smoothing'), 0),
});

export const READERS = ['oracle', 'panel'] as const;
export const LABEL_RULES = ['bradley-terry', 'deterministic'] as const;

const labellerSchema = object({
  /** Who reads the two completions: the oracle, or one of a panel of people with ratings of their own. */
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

const namingTable = list(
  list(number('tableEntry'), FIELDS.responses.min, FIELDS.responses.max),
  FIELDS.prompts.min,
  FIELDS.prompts.max,
);

const hasLength = (list: readonly unknown[], { min, max }: NumberField) => list.length >= min && list.length <= max;

function isRow(row: unknown): row is number[] {
  const { min, max } = FIELDS.tableEntry;
  if (!Array.isArray(row) || !hasLength(row, FIELDS.responses)) return false;
  // Not `every`, which passes over holes.
  for (const entry of row as unknown[]) if (typeof entry !== 'number' || !(entry >= min && entry <= max)) return false;
  return true;
}

const isTable = (input: unknown): input is number[][] =>
  Array.isArray(input) && hasLength(input, FIELDS.prompts) && Array.from(input).every(isRow);

/** A good table goes through in one pass: a sweep may come with hundreds of 65,536 entries. A bad one's entry is named. */
const table = v.lazy((input) =>
  isTable(input)
    ? v.pipe(
        v.custom<number[][]>(() => true),
        v.transform((rows) => rows.map((row) => row.slice())),
      )
    : namingTable,
);

const banditSchema = object({
  kind: v.literal('bandit'),
  prompts: v.optional(number('prompts'), 16),
  responses: v.optional(number('responses'), 10),
  referenceScale: v.optional(number('referenceScale'), 1),
  rewardScale: v.optional(number('rewardScale'), 3),
  seed: v.optional(number('taskSeed'), 0),
  /** Whether every seed races on tables of its own or all on the same. */
  tables: v.optional(oneOf(['per-seed', 'shared']), 'per-seed'),
  /** Explicit tables, X rows of K entries; where given, they set `prompts` and `responses`. */
  referenceLogits: v.optional(table),
  rewards: v.optional(table),
});

const reviewsSchema = object({
  kind: v.literal('reviews'),
  /** Name of a shipped checkpoint; in the page also of an imported one, on the command line a path to a .safetensors file. */
  checkpoint: v.optional(text('the name of a checkpoint', 400), 'reviews'),
});

const taskSchema = v.variant(
  'kind',
  [banditSchema, reviewsSchema],
  (issue) => `${shown(issue.input)} is not allowed; give a task with kind "bandit" or "reviews"`,
);

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
});

export type ExperimentConfig = v.InferOutput<typeof configSchema>;
export type ExperimentConfigInput = v.InferInput<typeof configSchema>;
export type ArmConfig = ExperimentConfig['arms'][number];
export type TaskConfig = ExperimentConfig['task'];
export type BanditConfig = Extract<TaskConfig, { kind: 'bandit' }>;
export type LossConfig = ExperimentConfig['loss'];
export type LabellerConfig = ExperimentConfig['labeller'];
export type StartConfig = ExperimentConfig['start'];
export type MixtureComponent = NonNullable<ArmConfig['mixture']>[number];
export type Coefficient = MixtureComponent['first'];
