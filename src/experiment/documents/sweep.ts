import { foreign, isObject, messageOf } from '../../math/foreign';
import * as v from 'valibot';
import { accepted, problemText, readBy, refused, shown, within, type Parsed, type Problem } from '../reading';
import { parseConfig } from '../config/config';
import { fieldAt } from '../config/fields';
import { armName } from '../config/names';
import { findPreset, PRESETS } from '../presets/presets';
import { tuningSchema, type ExperimentConfig } from '../config/schema';
import { trialCount, trialsOf, type TuningPlan } from '../config/tuned';
import { setPath } from '../config/setPath';

/**
 * A sweep: one experiment many times over, with some fields of its config changed from cell to cell. A grid, the product
 * of its axes; or a list of cells; or a grid with a list of what each of its cells sets besides, such as a learning rate
 * of its own; or the tuning of a race, whose cells have one arm each.
 */
export interface SweepDocument {
  /** A config; it need not be complete where the cells complete it. */
  readonly base: object;
  readonly axes?: readonly SweepAxis[] | undefined;
  readonly list?: readonly CellValues[] | undefined;
  /** The base is a whole config then, the race's. */
  readonly tuning?: TuningPlan | undefined;
}

export interface SweepAxis {
  /** Dotted path in the config, as `--set` takes it. */
  readonly path: string;
  readonly values: readonly unknown[];
}

/** What a cell sets, by path, in the order in which it is set. */
export type CellValues = Readonly<Record<string, unknown>>;

export const MAXIMUM_CELLS = 4096;
/** Of explicit tables, in all cells together: more would hold the page up for seconds. */
const MAXIMUM_ENTRIES = 2 ** 25;
const MAXIMUM_AXES = 6;
const MAXIMUM_PATH = 200;

const listOf = <T extends v.GenericSchema>(item: T, maximum: number) =>
  v.pipe(
    v.array(item, (issue) => (issue.input === undefined ? 'is missing' : `${shown(issue.input)} is not a list`)),
    v.minLength(1, `is empty; give 1 to ${maximum} entries`),
    v.maxLength(maximum, (issue) => `has ${issue.input.length} entries; give 1 to ${maximum}`),
  );

const axisSchema = v.strictObject(
  {
    path: v.pipe(
      v.string((issue) => `${shown(issue.input)} is not a path such as "beta" or "arms.1.alpha"`),
      v.minLength(1, 'is empty; give a path such as "beta" or "arms.1.alpha"'),
      v.maxLength(MAXIMUM_PATH, `is longer than ${MAXIMUM_PATH} characters`),
    ),
    values: listOf(v.unknown(), MAXIMUM_CELLS),
  },
  (issue) =>
    issue.expected === 'never'
      ? 'unknown field; allowed here: path, values'
      : issue.expected === 'Object'
        ? `${shown(issue.input)} is not allowed; give an object with path and values`
        : 'is missing',
);

const documentSchema = v.strictObject(
  {
    base: v.custom<string | Record<string, unknown>>(
      (input) => typeof input === 'string' || isObject(input),
      (issue) => `${shown(issue.input)} is not allowed; give the name of a preset, or a config`,
    ),
    axes: v.optional(listOf(axisSchema, MAXIMUM_AXES)),
    list: v.optional(
      listOf(
        v.custom<CellValues>(
          isObject,
          (issue) => `${shown(issue.input)} is not allowed; give an object of paths and values`,
        ),
        MAXIMUM_CELLS,
      ),
    ),
    tuning: v.optional(tuningSchema),
  },
  (issue) =>
    issue.expected === 'never'
      ? 'unknown field; a sweep has base, and axes, list, both, or tuning'
      : issue.expected === 'Object'
        ? `${shown(issue.input)} is not a sweep; give an object with base, and axes, list, both, or tuning`
        : 'is missing',
);

/** Checks an untrusted document's own shape and puts a preset's config in the place of its name. */
export function parseSweepDocument(input: unknown): Parsed<SweepDocument> {
  const parsed = readBy(documentSchema, input, 'sweep');
  if (!parsed.ok) return parsed;
  const { base, axes, list, tuning } = parsed.value;
  const config = typeof base === 'string' ? findPreset(base)?.config : base;
  if (!config) {
    return refused('base', `${shown(base)} is not one of the presets ${PRESETS.map(({ id }) => id).join(', ')}`);
  }
  if ((axes !== undefined || list !== undefined) === (tuning !== undefined))
    return refused('sweep', 'give axes, list, both, or tuning alone');
  if (tuning) return tuningOf(config, tuning);
  return axes
    ? withGoodAxes({ base: config, axes, ...(list && { list }) }, axes)
    : withGoodTables({ base: config, list });
}

/** The tuning of a race as a sweep. */
function tuningOf(base: object, tuning: TuningPlan): Parsed<SweepDocument> {
  const race = parseConfig(base);
  if (!race.ok) return within('base', race);
  const { seeds, firstSeed, over } = tuning;
  const { seeds: own, firstSeed: first } = race.value;
  if (firstSeed < first + own && first < firstSeed + seeds) {
    const named = (from: number, count: number) => `${from} to ${from + count - 1}`;
    const message = `seeds ${named(firstSeed, seeds)} share some with the race, which has ${named(first, own)}; give others`;
    return refused('tuning.firstSeed', message);
  }
  const twin = over.findIndex(({ field }, i) => over.findIndex((other) => other.field === field) < i);
  if (twin >= 0) return refused(`tuning.over.${twin}.field`, `${over[twin]!.field} is there twice`);
  const { tuned: _, ...untuned } = race.value;
  const trials = trialCount(untuned.arms, over);
  if (trials > MAXIMUM_CELLS) return refused('tuning', `makes ${trials} trials; at most ${MAXIMUM_CELLS} are allowed`);
  return withGoodTables({ base: untuned, tuning });
}

function withGoodAxes(document: SweepDocument, axes: readonly SweepAxis[]): Parsed<SweepDocument> {
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > MAXIMUM_CELLS) return refused('axes', `make ${count} cells; at most ${MAXIMUM_CELLS} are allowed`);
  for (const [i, { path, values }] of axes.entries()) {
    if (axes.findIndex((other) => other.path === path) < i) {
      return refused(`axes.${i}.path`, `${shown(path)} is an axis already`);
    }
    const seen = new Set<string>();
    const twin = values.findIndex((value) => seen.size === seen.add(JSON.stringify(value)).size);
    if (twin >= 0) return refused(`axes.${i}.values`, `${shown(values[twin])} is there twice`);
  }
  const { list } = document;
  if (list && list.length !== count) {
    return refused('list', `has ${list.length} entries, and the axes make ${count} cells; give one for each`);
  }
  for (const [i, own] of (list ?? []).entries()) {
    const path = axes.find((axis) => Object.hasOwn(own, axis.path))?.path;
    if (path !== undefined) return refused(`list.${i}`, `sets ${shown(path)}, which is an axis`);
  }
  return withGoodTables(document);
}

/** Every cell has the base's tables, and is checked whole. */
function withGoodTables(document: SweepDocument): Parsed<SweepDocument> {
  const { task } = document.base as { readonly task?: unknown };
  const rows = isObject(task) ? [task['referenceLogits'], task['rewards']].flat() : [];
  const entries = rows.reduce<number>((sum, row) => sum + (Array.isArray(row) ? row.length : 0), 0);
  const all = entries * cellCount(document);
  if (all <= MAXIMUM_ENTRIES) return accepted(document);
  return refused('base.task', `tables have ${all} entries in all cells; at most ${MAXIMUM_ENTRIES} are allowed`);
}

/** How many cells a sweep has; they are numbered from 0. */
export function cellCount({ base, axes, list, tuning }: SweepDocument): number {
  if (tuning) return trialCount((base as ExperimentConfig).arms, tuning.over);
  return axes ? axes.reduce((product, { values }) => product * values.length, 1) : (list ?? []).length;
}

/** What a cell sets. In a grid the last axis changes fastest; its list is set after the axes. */
export function cellValues({ base, axes, list, tuning }: SweepDocument, number: number): CellValues {
  if (tuning) {
    const { arms } = base as ExperimentConfig;
    const { arm, values } = trialsOf(arms, tuning.over)[number]!;
    return { arms: [{ ...arms[arm]!, ...values }], seeds: tuning.seeds, firstSeed: tuning.firstSeed };
  }
  if (!axes) return list?.[number] ?? {};
  const entries: [string, unknown][] = [];
  let rest = number;
  for (const { path, values } of axes.toReversed()) {
    entries.unshift([path, values[rest % values.length]]);
    rest = Math.floor(rest / values.length);
  }
  return { ...Object.fromEntries(entries), ...list?.[number] };
}

/** What a cell sets, for people: a trial's arm by its name, and what it tries. */
export function cellSettings(document: SweepDocument, number: number): CellValues {
  if (!document.tuning) return cellValues(document, number);
  const { arms } = document.base as ExperimentConfig;
  const { arm, values } = trialsOf(arms, document.tuning.over)[number]!;
  return { arm: armName(arms[arm]!), ...values };
}

/** "cell 12 (beta = 0.1, task.rewardScale = 3)" */
export function cellName(document: SweepDocument, number: number): string {
  const settings = settingsText(document, number, (path) => foreign(path), shown);
  return settings === '' ? `cell ${number}` : `cell ${number} (${settings})`;
}

/** "β = 0.1, Reward range = 3", with fields as the page calls them. */
export const cellTitle = (document: SweepDocument, number: number): string =>
  settingsText(document, number, (path) => fieldAt(path)?.label ?? foreign(path), valueText) || 'the base';

const settingsText = (
  document: SweepDocument,
  number: number,
  nameOf: (path: string) => string,
  textOf: (value: unknown) => string,
): string =>
  Object.entries(cellSettings(document, number))
    .map(([path, value]) => `${nameOf(path)} = ${textOf(value)}`)
    .join(', ');

/** An object as its settings: "dpo, smoothing 0.1"; a part of the config that is absent is none. */
export const valueText = (value: unknown): string => foreign(plainText(value), 40);

function plainText(value: unknown): string {
  if (value === null) return 'none';
  if (typeof value === 'string') return value;
  if (!isObject(value)) return JSON.stringify(value) ?? '';
  return Object.entries(value)
    .map(([key, part]) => {
      if (key === 'kind') return String(part);
      return part === true ? key : `${key} ${typeof part === 'string' ? part : JSON.stringify(part)}`;
    })
    .join(', ');
}

/** A cell's complete config, or a problem whose path names the cell and whose message names the field. */
export function cellConfig(document: SweepDocument, number: number): Parsed<ExperimentConfig> {
  let input: unknown = document.base;
  try {
    for (const [path, value] of Object.entries(cellValues(document, number))) input = setPath(input, path, value);
  } catch (error) {
    return refused(cellName(document, number), messageOf(error));
  }
  const parsed = parseConfig(input);
  if (parsed.ok && parsed.value.labeller.reader === 'person') {
    return refused(
      cellName(document, number),
      'labeller.reader: "person" is not allowed; a sweep has nobody who labels',
    );
  }
  if (parsed.ok) return parsed;
  return refused(cellName(document, number), problemText(parsed.problems));
}

/** The first cell that cannot run, as a problem; null where all can. */
export function sweepProblem(document: SweepDocument): Problem | null {
  for (let number = 0; number < cellCount(document); number++) {
    const config = cellConfig(document, number);
    if (!config.ok) return config.problems[0] ?? null;
  }
  return null;
}
