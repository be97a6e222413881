import type { GenericSchema } from 'valibot';
import * as v from 'valibot';
import { parseConfig } from '../../src/experiment/config/config';
import { configSchema, type ExperimentConfig, type ExperimentConfigInput } from '../../src/experiment/config/schema';
import { setPath } from '../../src/experiment/config/setPath';

/**
 * Configs that between them hold every field of the schema with two values or more, so that each is away from its
 * default in one: found by walking the schema, so that a new field is among them by itself.
 */

const BANDIT = {
  task: { kind: 'bandit', prompts: 3, responses: 2 },
  arms: [{ sampler: 'pilaf' }, { sampler: 'vanilla' }],
  seeds: 2,
  beta: 1,
  learningRate: 0.05,
  schedule: { steps: 10, pairs: 1 },
  evaluation: { every: 5 },
} as const satisfies ExperimentConfigInput;

const REVIEWS = { ...BANDIT, task: { kind: 'reviews' } } as const;

type TextInput = Extract<ExperimentConfigInput['task'], { kind: 'text' }>;

const ORACLES: NonNullable<TextInput['oracles']> = [
  ...(['sentiment', 'simple-words', 'variety', 'ending', 'length'] as const).map((of) => ({ of })),
  { of: 'word', word: 'dragon' },
  { of: 'learnt', model: 'votes' },
];

/** What some field needs beside it to be allowed. */
const HOSTS: readonly ExperimentConfigInput[] = [
  BANDIT,
  REVIEWS,
  { ...BANDIT, arms: [{ sampler: 't-pilaf' }] },
  { ...BANDIT, arms: [{ sampler: 'custom', mixture: [{ weight: 1, first: 0, second: 0 }] }] },
  {
    ...BANDIT,
    arms: [
      {
        sampler: 'custom',
        mixture: [
          { weight: 0.5, first: 0, second: 0 },
          { weight: 0.5, first: 1, second: -1 },
        ],
      },
    ],
  },
  { ...BANDIT, task: { kind: 'bandit', referenceLogits: [[0, 1]], rewards: [[1, 0]] } },
  { ...BANDIT, rounds: { pairs: 8 }, start: { kind: 'offline', pairs: 8, epochs: 2 } },
  { ...REVIEWS, start: { kind: 'checkpoint', checkpoint: 'reviews' } },
  ...ORACLES.map((oracle): ExperimentConfigInput => ({
    ...BANDIT,
    task: { kind: 'text', oracles: [oracle], truth: [oracle] },
  })),
  { ...BANDIT, tuned: { over: [{ field: 'learningRate', values: [0.1] }], seeds: 2, firstSeed: 9, mark: 'a mark' } },
];

const NUMBERS = [0.25, 0.5, 0.004, 1, 2, 3, 4, 7, 0, -0.75];

interface Leaf {
  readonly path: string;
  /** To be tried in turn. */
  readonly values: readonly unknown[];
}

interface AnySchema {
  readonly type: string;
  readonly wrapped?: AnySchema;
  readonly entries?: Readonly<Record<string, AnySchema>>;
  readonly item?: AnySchema;
  readonly pipe?: readonly { readonly type: string }[];
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
  readonly getter?: (input: unknown) => AnySchema;
}

function leavesOf(schema: AnySchema, path = ''): Leaf[] {
  const below = (key: string) => (path === '' ? key : `${path}.${key}`);
  if (schema.getter) return leavesOf(schema.getter(undefined), path);
  if (schema.wrapped) return leavesOf(schema.wrapped, path);
  if (schema.entries) return Object.entries(schema.entries).flatMap(([key, entry]) => leavesOf(entry, below(key)));
  if (schema.item) return leavesOf(schema.item, below('0'));
  if (schema.type === 'custom' && schema.pipe?.[1]) return leavesOf(schema.pipe[1], path); // A list, behind its length.
  if (schema.type === 'variant') return (schema.options as AnySchema[]).flatMap((option) => leavesOf(option, path));
  return [{ path, values: valuesOf(schema).filter((value) => v.safeParse(schema as GenericSchema, value).success) }];
}

function valuesOf(schema: AnySchema): readonly unknown[] {
  switch (schema.type) {
    case 'number':
      return NUMBERS;
    case 'boolean':
      return [true, false];
    case 'string':
      return ['Zoë’s "β"', "it's 2 × $HOME"];
    case 'literal':
      return [schema.literal];
    case 'picklist':
      return schema.options ?? [];
    case 'union':
      // An object among them has fields of its own elsewhere.
      return (schema.options as AnySchema[]).filter((option) => !option.entries).flatMap(valuesOf);
    default:
      throw new Error(`the schema has a field of type ${schema.type}: say here which values to try`);
  }
}

export interface FieldCase {
  readonly path: string;
  /** Valid and parsed, each with another value at the path; one for a literal, which can have no other. */
  readonly configs: readonly ExperimentConfig[];
  readonly needed: number;
}

export const FIELD_CASES: readonly FieldCase[] = leavesOf(configSchema).map(({ path, values }) => {
  const configs = values.flatMap((value) => hosted(path, value) ?? []);
  return { path, configs, needed: Math.min(2, values.length) };
});

/** The first host that allows the value there. */
function hosted(path: string, value: unknown): ExperimentConfig | undefined {
  for (const host of HOSTS) {
    try {
      const parsed = parseConfig(setPath(host, path, value));
      if (parsed.ok && valueAt(parsed.value, path) === value) return parsed.value;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // A host without the object that the field is in.
    }
  }
  return undefined;
}

function valueAt(tree: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], tree);
}
