import { foreign, isObject, messageOf } from '../../math/foreign';
import * as v from 'valibot';
import { accepted, problemText, readBy, refused, shown, type Parsed, type Problem } from '../reading';
import { parseConfig } from '../config/config';
import { fieldAt } from '../config/fields';
import { findPreset, PRESETS } from '../presets/presets';
import type { ExperimentConfig } from '../config/schema';
import { setPath } from '../config/setPath';

/**
 * A sweep: one experiment many times over, with some fields of its config changed from cell to cell. Either a grid, the
 * product of its axes, or a list of cells.
 */
export interface SweepDocument {
  /** A config; it need not be complete where the cells complete it. */
  readonly base: object;
  readonly axes?: readonly SweepAxis[] | undefined;
  readonly list?: readonly CellValues[] | undefined;
}

export interface SweepAxis {
  /** Dotted path in the config, as `--set` takes it. */
  readonly path: string;
  readonly values: readonly unknown[];
}

/** What a cell sets, by path, in the order in which it is set. */
export type CellValues = Readonly<Record<string, unknown>>;

export const MAXIMUM_CELLS = 4096;
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
  },
  (issue) =>
    issue.expected === 'never'
      ? 'unknown field; a sweep has base, and axes or list'
      : issue.expected === 'Object'
        ? `${shown(issue.input)} is not a sweep; give an object with base, and axes or list`
        : 'is missing',
);

/** Checks an untrusted document's own shape and puts a preset's config in the place of its name. */
export function parseSweepDocument(input: unknown): Parsed<SweepDocument> {
  const parsed = readBy(documentSchema, input, 'sweep');
  if (!parsed.ok) return parsed;
  const { base, axes, list } = parsed.value;
  const config = typeof base === 'string' ? findPreset(base)?.config : base;
  if (!config) {
    return refused('base', `${shown(base)} is not one of the presets ${PRESETS.map(({ id }) => id).join(', ')}`);
  }
  if ((axes === undefined) === (list === undefined))
    return refused('sweep', 'give either axes or list, one of the two');
  return axes ? withGoodAxes({ base: config, axes }, axes) : accepted({ base: config, list });
}

function withGoodAxes(document: SweepDocument, axes: readonly SweepAxis[]): Parsed<SweepDocument> {
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > MAXIMUM_CELLS) return refused('axes', `make ${count} cells; at most ${MAXIMUM_CELLS} are allowed`);
  for (const [i, { path, values }] of axes.entries()) {
    if (axes.findIndex((other) => other.path === path) < i) {
      return refused(`axes.${i}.path`, `${shown(path)} is an axis already`);
    }
    const texts = values.map((value) => JSON.stringify(value));
    const twin = texts.findIndex((text, at) => texts.indexOf(text) < at);
    if (twin >= 0) return refused(`axes.${i}.values`, `${shown(values[twin])} is there twice`);
  }
  return accepted(document);
}

/** How many cells a sweep has; they are numbered from 0. */
export const cellCount = ({ axes, list }: SweepDocument): number =>
  list ? list.length : (axes ?? []).reduce((product, { values }) => product * values.length, 1);

/** What a cell sets. In a grid the last axis changes fastest. */
export function cellValues({ axes, list }: SweepDocument, number: number): CellValues {
  if (list) return list[number] ?? {};
  const entries: [string, unknown][] = [];
  let rest = number;
  for (const { path, values } of (axes ?? []).toReversed()) {
    entries.unshift([path, values[rest % values.length]]);
    rest = Math.floor(rest / values.length);
  }
  return Object.fromEntries(entries);
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
  Object.entries(cellValues(document, number))
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
