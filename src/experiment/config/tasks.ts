import * as v from 'valibot';
import { shown } from '../reading';
import { FIELDS, type NumberField } from './fields';
import { oraclesSchema, type OracleConfig } from './oracles';
import { list, number, object, oneOf, text } from './pieces';

/** The numbers of `FIELDS` that belong to tasks. */
type TaskField = 'prompts' | 'responses' | 'referenceScale' | 'rewardScale' | 'taskSeed';

/** What the config, the page and the runner know of a task; what it does is in `tasks/`. */
export interface TaskRow {
  readonly title: string;
  /** In a sentence: "it runs on … only". */
  readonly noun: string;
  /** The config's part. */
  readonly schema: ReturnType<typeof object>;
  /** Numbers that the page has controls for: beside the experiment's own, and among further settings. */
  readonly fields: { readonly main: readonly TaskField[]; readonly more: readonly TaskField[] };
  /** Whether completions can be enumerated: their probabilities, the optimum and every evaluation are then exact. */
  readonly exact: boolean;
  /** Whether a panel of people can rate completions. */
  readonly panel: boolean;
  /** Whether a transformer writes the completions; it can then start at a checkpoint. */
  readonly transformer: boolean;
  /** Whether the oracle adds up what it credits to words, so that the sum can be bounded or not. */
  readonly sums: boolean;
  /** Completions in a step, and in an evaluation, over all runs; memory holds more, patience does not. */
  readonly maximumCompletions: number;
}

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

/** A good table goes through in one pass: a sweep may come with hundreds of tables of 65,536 entries. A bad one's entry is named. */
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
  /** What the oracle makes of its words: a bounded reward, or their sum, which goes on growing. */
  oracle: v.optional(oneOf(['bounded', 'sum']), 'bounded'),
  /** A factor on the reward. */
  rewardScale: v.optional(number('rewardScale'), 1),
});

const textSchema = object({
  kind: v.literal('text'),
  /** As for reviews; a model with its tokenizer and prompts. */
  checkpoint: v.optional(text('the name of a checkpoint', 400), 'stories'),
  /** Each credits words; the reward is made of their sum. */
  oracles: v.optional(oraclesSchema, [{ of: 'sentiment' }, { of: 'variety' }, { of: 'ending' }]),
  oracle: v.optional(oneOf(['bounded', 'sum']), 'bounded'),
  rewardScale: v.optional(number('rewardScale'), 1),
  /** What the labels stand for, where the oracles have only learnt it: measured, never trained on. */
  truth: v.optional(oraclesSchema),
});

/** Every task, one row each. */
export const TASKS = {
  bandit: {
    title: 'Bandit',
    noun: 'the bandit',
    schema: banditSchema,
    fields: { main: ['rewardScale'], more: ['prompts', 'responses', 'referenceScale', 'taskSeed'] },
    exact: true,
    panel: false,
    transformer: false,
    sums: false,
    maximumCompletions: 1_048_576,
  },
  reviews: {
    title: 'Reviews',
    noun: 'reviews',
    schema: reviewsSchema,
    fields: { main: ['rewardScale'], more: [] },
    exact: false,
    panel: true,
    transformer: true,
    sums: true,
    maximumCompletions: 2_097_152,
  },
  text: {
    title: 'Stories',
    noun: 'text',
    schema: textSchema,
    fields: { main: ['rewardScale'], more: [] },
    exact: false,
    panel: false,
    transformer: true,
    sums: true,
    maximumCompletions: 262_144,
  },
} as const satisfies Record<string, TaskRow>;

export type TaskKind = keyof typeof TASKS;
/** What a checkpoint is for: a task's policies, or an oracle. */
export type CheckpointKind = Exclude<TaskKind, 'bandit'> | 'reward';
export const TASK_KINDS = Object.keys(TASKS) as TaskKind[];

type TaskSchema = (typeof TASKS)[TaskKind]['schema'];

export const taskSchema = v.variant(
  'kind',
  Object.values(TASKS).map(({ schema }): TaskSchema => schema),
  (issue) => `${shown(issue.input)} is not allowed; give a task with kind ${kindsText}`,
);

const kindsText = TASK_KINDS.map((kind) => `"${kind}"`).join(' or ');

/** "the bandit", "reviews and stories": the tasks of which something holds, for a sentence. */
export const tasksThat = (holds: (row: TaskRow) => boolean): string =>
  Object.values(TASKS)
    .filter(holds)
    .map(({ noun }) => noun)
    .join(' and ');

export type BanditConfig = Extract<v.InferOutput<typeof taskSchema>, { kind: 'bandit' }>;

/** What a task's oracles have only learnt; null where they are the truth themselves. */
export const truthOf = (task: v.InferOutput<typeof taskSchema>): readonly OracleConfig[] | null =>
  (task.kind === 'text' ? task.truth : null) ?? null;
