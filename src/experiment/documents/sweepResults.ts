import { isObject } from '../../math/foreign';
import { accepted, readBy, refused, within, type Parsed } from '../reading';
import * as v from 'valibot';
import { backendSchema } from './resultsFile';
import { cellCount, parseSweepDocument, sweepProblem, type SweepDocument } from './sweep';

/** What a sweep found: a line of a file for every cell while it runs, and one document in the end. */

export const CELLS_FORMAT = 'pilaf-lab/sweep-cells';
export const SWEEP_FORMAT = 'pilaf-lab/sweep';
export const SWEEP_VERSION = 1;

const intervalSchema = v.strictObject({ mean: v.number(), half: v.nullable(v.number()) });

/** JSON has no −∞: an end of null was never reached. */
const savingSchema = v.strictObject({
  saved: v.nullable(v.number()),
  interval: v.nullable(v.strictObject({ low: v.nullable(v.number()), high: v.nullable(v.number()) })),
});

const armSchema = v.strictObject({
  arm: v.string(),
  /** Runs; the diverged ones are counted here and absent from means. */
  seeds: v.number(),
  diverged: v.number(),
  /** At the last evaluation, mean over seeds with its 95% half-width; null where it does not exist. */
  reward: v.nullable(intervalSchema),
  kl: v.nullable(intervalSchema),
  objective: v.nullable(intervalSchema),
  gap: v.nullable(intervalSchema),
  /** The mean over each run's evaluations in the last quarter of the steps; absent in sweeps of earlier versions. */
  lateObjective: v.optional(v.nullable(intervalSchema), null),
  /** At the last evaluation, as `reward`; absent in sweeps of earlier versions. */
  rewardSpread: v.optional(v.nullable(intervalSchema), null),
  /** J minus the first arm's, paired by seed; null for the first arm. */
  difference: v.nullable(intervalSchema),
  /** Shares of the first arm's labels, sampling cost and responses shown that this arm does not need for its final J. */
  labelSaving: v.nullable(savingSchema),
  samplingSaving: v.nullable(savingSchema),
  /** Absent in sweeps of earlier versions. */
  annotationSaving: v.optional(v.nullable(savingSchema), null),
  /** One for each seed. */
  hashes: v.array(v.string()),
});

const cellEntries = {
  number: v.pipe(v.number(), v.integer(), v.minValue(0)),
  values: v.custom<Readonly<Record<string, unknown>>>(isObject),
  arms: v.array(armSchema),
};

/** A line for one finished cell. Seconds are what it took, and no part of what it found. */
const cellLineSchema = v.strictObject({
  fingerprint: v.string(),
  ...cellEntries,
  backend: backendSchema,
  seconds: v.number(),
});

const headSchema = v.strictObject({
  format: v.literal(CELLS_FORMAT),
  version: v.literal(SWEEP_VERSION),
  fingerprint: v.string(),
  sweep: v.unknown(),
  /** Hashes of the cells' checkpoints, by name; absent where there are none, and in files of earlier versions. */
  models: v.optional(v.record(v.string(), v.string())),
});

const documentSchema = v.strictObject({
  format: v.literal(SWEEP_FORMAT),
  version: v.literal(SWEEP_VERSION),
  fingerprint: v.string(),
  sweep: v.unknown(),
  backend: backendSchema,
  cells: v.array(
    v.strictObject({
      ...cellEntries,
      /** What the cell ran on, where that is not the sweep's. */
      backend: v.optional(backendSchema),
    }),
  ),
});

export type SavingSummary = v.InferOutput<typeof savingSchema>;
export type ArmSummary = v.InferOutput<typeof armSchema>;
export type CellLine = v.InferOutput<typeof cellLineSchema>;
export type SweepCell = v.InferOutput<typeof documentSchema>['cells'][number];

/** The first line of a sweep's file. */
export interface SweepHead extends v.InferOutput<typeof headSchema> {
  readonly sweep: SweepDocument;
}

/** The document of a finished sweep, cells by number. */
export interface SweepResults extends v.InferOutput<typeof documentSchema> {
  readonly sweep: SweepDocument;
}

export function parseSweepHead(input: unknown): Parsed<SweepHead> {
  const head = readBy(headSchema, input, '');
  return head.ok ? withSweep(head.value) : head;
}

export const parseCellLine = (input: unknown): Parsed<CellLine> => readBy(cellLineSchema, input, '');

/** Cells may be missing. */
export function parseSweepResults(input: unknown): Parsed<SweepResults> {
  const document = readBy(documentSchema, input, '');
  if (!document.ok) return document;
  const results = withSweep(document.value);
  if (!results.ok) return results;
  const count = cellCount(results.value.sweep);
  const numbers = results.value.cells.map(({ number }) => number);
  if (numbers.some((number, i) => number >= count || number <= (numbers[i - 1] ?? -1))) {
    return refused('', `cells must be numbered from 0 to ${count - 1}, each at most once and in order`);
  }
  return results;
}

function withSweep<T extends { readonly sweep: unknown }>(value: T): Parsed<T & { readonly sweep: SweepDocument }> {
  const sweep = parseSweepDocument(value.sweep);
  if (!sweep.ok) return within('sweep', sweep);
  const problem = sweepProblem(sweep.value);
  if (problem) return within('sweep', { ok: false, problems: [problem] });
  return accepted({ ...value, sweep: sweep.value });
}
