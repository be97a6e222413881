import { foreign } from '../../math/foreign';
import * as v from 'valibot';
import { accepted, readBy, within, type Parsed } from '../reading';
import { parseConfig } from '../config/config';
import { appendEvaluation, createHistory, historyOf, type RaceHistory } from './history';
import { METRICS, type Evaluation, type MetricName } from './metrics';
import type { BackendInfo, Results } from './results';
import { backendSchema, pointSchema, startSchema } from './resultsFile';
import type { ExperimentConfig } from '../config/schema';

/**
 * A preset's results as the page ships them, for whoever cannot or does not want to wait: columns instead of objects,
 * numbers to six digits. Made by the runner's `record`.
 */
const FORMAT = 'pilaf-lab/recorded';
const VERSION = 1;

export interface Origin {
  /** A line that makes it. */
  readonly command: string;
  /** This program's version. */
  readonly version: string;
  /** ISO 8601, a day. */
  readonly date: string;
}

export interface Recorded extends Origin {
  readonly config: ExperimentConfig;
  readonly backend: BackendInfo;
  readonly history: RaceHistory;
}

const METRIC_NAMES = Object.keys(METRICS) as MetricName[];

const rounded = (value: number | null): number | null => (value === null ? null : Number(value.toPrecision(6)));

/** The document for a file: a preset's config, and the results that hold its runs. Throws as `partFor` does. */
export function encodeRecorded(config: ExperimentConfig, whole: Results, origin: Origin): unknown {
  const results = partFor(config, whole);
  const history = historyOf(results);
  return {
    format: FORMAT,
    version: VERSION,
    origin,
    backend: results.backend,
    config: results.config,
    optimum: results.optimum,
    frontier: results.frontier,
    runs: history.runs.map(({ arm, seed, optimum, start, steps, columns, status, hash }) => ({
      arm: history.arms[arm]!,
      seed,
      optimum,
      start,
      status,
      hash,
      steps,
      columns: Object.fromEntries(METRIC_NAMES.map((metric) => [metric, columns[metric].map(rounded)])),
    })),
  };
}

const number = v.pipe(v.number(), v.finite());
const text = v.pipe(v.string(), v.maxLength(2000));

/** Tens of thousands of numbers, which valibot would look at one by one. */
const column = v.custom<(number | null)[]>(
  (input) => Array.isArray(input) && input.every((x) => x === null || Number.isFinite(x)),
  'is no list of numbers',
);

const schema = v.object({
  format: v.literal(FORMAT),
  version: v.literal(VERSION),
  origin: v.object({ command: text, version: text, date: text }),
  backend: backendSchema,
  config: v.unknown(),
  optimum: v.nullable(pointSchema),
  frontier: v.nullable(v.array(pointSchema)),
  runs: v.array(
    v.object({
      arm: text,
      seed: number,
      optimum: v.nullable(pointSchema),
      start: v.nullable(startSchema),
      status: v.picklist(['running', 'complete', 'stopped', 'diverged']),
      hash: text,
      steps: v.array(number),
      columns: v.record(v.string(), column),
    }),
  ),
});

/** Reads a file of `encodeRecorded`. */
export function parseRecorded(input: unknown): Parsed<Recorded> {
  const parsed = readBy(schema, input, 'the file');
  if (!parsed.ok) return parsed;
  const { origin, backend, runs, ...rest } = parsed.value;
  const config = parseConfig(rest.config);
  if (!config.ok) return within('config', config);
  const history = createHistory(config.value, { runs, optimum: rest.optimum, frontier: rest.frontier });
  runs.forEach(({ steps, columns, start, status, hash }, r) => {
    steps.forEach((step, i) => {
      const values = METRIC_NAMES.map((metric) => [metric, columns[metric]?.[i] ?? null] as const);
      appendEvaluation(history, r, { step, ...Object.fromEntries(values) } as Evaluation);
    });
    const divergedAt = status === 'diverged' ? (steps.at(-1) ?? 0) : null;
    Object.assign(history.runs[r]!, { start, status, hash, divergedAt });
  });
  return accepted({ ...origin, config: config.value, backend, history });
}

/**
 * The part of some results that is a preset's: a race with further arms or seeds holds it, because no run depends on
 * who runs beside it. Throws an Error that says what does not fit.
 */
function partFor(config: ExperimentConfig, results: Results): Results {
  // How its arms were tuned is marked in each race anew; the arms themselves are compared below.
  const shape = ({ arms: _, seeds: __, firstSeed: ___, tuned: ____, ...rest }: ExperimentConfig) =>
    JSON.stringify(rest);
  if (shape(results.config) !== shape(config)) throw new Error('the results are of an experiment with other settings');
  const { arms } = results.config;
  const names = createHistory(config, { runs: [], optimum: null, frontier: null }).arms;
  const missing = config.arms.findIndex((arm) => !arms.some((other) => JSON.stringify(other) === JSON.stringify(arm)));
  if (missing >= 0) throw new Error(`the results have no arm like ${foreign(names[missing] ?? '')}`);
  const runs = names.flatMap((arm) =>
    Array.from({ length: config.seeds }, (_, s) => {
      const seed = config.firstSeed + s;
      const run = results.runs.find((one) => one.arm === arm && one.seed === seed);
      if (run?.status !== 'complete' && run?.status !== 'diverged') {
        throw new Error(`the results have no whole run of ${foreign(arm)} with seed ${seed}`);
      }
      return run;
    }),
  );
  const same = config.seeds === results.config.seeds && config.firstSeed === results.config.firstSeed;
  // An estimate is the same for every seed.
  if (!same && results.optimum && !results.optimum.estimate)
    throw new Error('the optimum of the results is the mean over other seeds');
  return { ...results, config, runs };
}
