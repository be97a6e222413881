import { isObject } from '../../math/foreign';
import { MOST_VALUES } from '../../math/json';
import { armName } from '../config/names';
import { accepted, readBy, readJson, refused, shown, within, type Parsed, type Refused } from '../reading';
import * as v from 'valibot';
import { MAXIMUM_RUNS, parseConfig } from '../config/config';
import { FIELDS } from '../config/fields';
import { LATER, METRICS, type MetricName } from './metrics';
import { estimateSchema } from './optimumFile';
import { BACKEND_NAMES, ENGINE_NAMES, RESULTS_FORMAT, RESULTS_VERSION, type Results, type RunStatus } from './results';

/** A results document as somebody keeps it. */
export interface NamedResults {
  readonly name: string;
  readonly notes: string;
  /** When it ended, as ISO 8601; null where nobody wrote it down. */
  readonly date: string | null;
  readonly results: Results;
}

export const MAXIMUM_NAME = 80;
export const MAXIMUM_NOTES = 2000;
/** In a file. */
export const MAXIMUM_DOCUMENTS = 2000;
/** From one backend to another. */
const MAXIMUM_MOVES = 1000;
const MAXIMUM_POINTS = 10_000;
/** One at every step and one at the start. */
const MAXIMUM_EVALUATIONS = FIELDS.steps.max + 1;

/** The file that `parseResultsFile` reads again. */
export const resultsFileText = (runs: readonly NamedResults[]): string => JSON.stringify(runs);

/**
 * Reads results of an untrusted source: one document, as the runner and the page write it, or a list of them, with
 * names, notes and dates as the page exports them.
 *
 * @param name for a document that has none
 * @param mostValues of its JSON
 */
export function parseResultsFile(
  text: string,
  name: string,
  mostValues = MOST_VALUES,
): Parsed<readonly NamedResults[]> {
  const json = readJson(text, mostValues);
  return json.ok ? parseNamedResults(json.value, name) : json;
}

/** The same, of what the file's JSON holds. */
export function parseNamedResults(input: unknown, name: string): Parsed<readonly NamedResults[]> {
  if (!Array.isArray(input)) {
    const entry = parseEntry(input, shortened(name));
    return entry.ok ? accepted([entry.value]) : entry;
  }
  const entries: readonly unknown[] = input;
  if (entries.length === 0) return refused('', 'the file holds an empty list, no results');
  if (entries.length > MAXIMUM_DOCUMENTS) {
    return refused('', `the file holds ${entries.length} results; at most ${MAXIMUM_DOCUMENTS} are read at once`);
  }
  const runs: NamedResults[] = [];
  for (const [i, entry] of entries.entries()) {
    const found = parseEntry(entry, shortened(name));
    if (!found.ok) return within(String(i), found);
    runs.push(found.value);
  }
  return accepted(runs);
}

function parseEntry(input: unknown, name: string): Parsed<NamedResults> {
  const named = isObject(input) && 'results' in input;
  const document = named ? input['results'] : input;
  const card = readBy(cardSchema, named ? input : {}, 'results');
  if (!card.ok) return card;
  const results = parseDocument(document, resultsSchema);
  return results.ok ? accepted({ ...card.value, name: card.value.name ?? name, results: results.value }) : results;
}

/** Results of runs that have not ended, as a stored experiment holds them: all runs of the config, in its order. */
export function parseUnfinishedResults(document: unknown): Parsed<Results> {
  const results = parseDocument(document, unfinishedSchema);
  if (!results.ok) return results;
  const { config, runs } = results.value;
  const expected = config.arms.flatMap((arm) =>
    Array.from({ length: config.seeds }, (_, s) => `${armName(arm)} ${config.firstSeed + s}`),
  );
  const same = expected.join('\n') === runs.map(({ arm, seed }) => `${arm} ${seed}`).join('\n');
  return same ? results : refused('runs', 'are not those of the config');
}

function parseDocument(document: unknown, schema: typeof resultsSchema | typeof unfinishedSchema): Parsed<Results> {
  if (!isObject(document) || document['format'] !== RESULTS_FORMAT) {
    return refused('', `no results of this program; their format is "${RESULTS_FORMAT}"`);
  }
  if (document['version'] !== RESULTS_VERSION) {
    const { version } = document;
    const found = version === undefined ? 'is missing' : `${shown(version)} is not known`;
    return refused('version', `${found}; give ${RESULTS_VERSION}`);
  }
  const config = parseConfig(document['config']);
  if (!config.ok) return within('config', config);
  const parsed = readBy(schema, document, 'results');
  if (!parsed.ok) return parsed;
  const results: Results = { ...parsed.value, config: config.value };
  return inconsistency(results) ?? accepted(results);
}

/** What no field can be blamed for alone. */
function inconsistency({ config, runs }: Results): Refused | null {
  const arms = config.arms.map(armName);
  const seen = new Set<string>();
  for (const [i, { arm, seed, evaluations }] of runs.entries()) {
    if (!arms.includes(arm)) {
      return refused(`runs.${i}.arm`, `${shown(arm)} is no arm of the config; its arms are ${arms.join(', ')}`);
    }
    const key = `${arm} ${seed}`;
    if (seen.has(key)) return refused(`runs.${i}.seed`, `${seed} comes twice for ${arm}`);
    seen.add(key);
    const back = evaluations.findIndex(({ step }, e) => e > 0 && step <= evaluations[e - 1]!.step);
    if (back >= 0) {
      return refused(`runs.${i}.evaluations.${back}.step`, `${evaluations[back]!.step} does not grow`);
    }
    const last = evaluations.at(-1)?.step ?? 0;
    if (last > config.schedule.steps) {
      return refused(`runs.${i}.evaluations`, `step ${last} is beyond the config’s ${config.schedule.steps} steps`);
    }
  }
  return null;
}

const shortened = (name: string): string => name.slice(0, MAXIMUM_NAME);

const given = (what: string) => (issue: { input: unknown }) => `${shown(issue.input)} is not allowed; give ${what}`;

const text = (maximum: number) => {
  const message = given(`a text of at most ${maximum} characters`);
  return v.pipe(v.string(message), v.maxLength(maximum, message));
};
const number = v.pipe(v.number(given('a number')), v.finite(given('a finite number')));
const count = v.pipe(
  v.number(given('a whole number')),
  v.safeInteger(given('a whole number')),
  v.minValue(0, given('0 or more')),
);
const object = <const T extends v.ObjectEntries>(entries: T) =>
  v.object(entries, (issue) => (issue.expected === 'Object' ? given('an object')(issue) : 'is missing'));
const list = <const T extends v.GenericSchema>(item: T, most: number) =>
  v.pipe(v.array(item, given('a list')), v.maxLength(most, `has more than ${most} entries`));
const oneOf = <const T extends readonly string[]>(options: T) =>
  v.picklist(options, given(`one of ${options.join(', ')}`));

/** What ran here, on one of our backends. */
export const backendSchema = object({ name: oneOf(BACKEND_NAMES), adapter: v.nullable(text(300)) });
/** What ran here or elsewhere. */
export const engineSchema = object({ name: oneOf(ENGINE_NAMES), adapter: v.nullable(text(300)) });
/** A point of the plane: an optimum, or one of a frontier. */
export const pointSchema = object({
  reward: number,
  kl: number,
  objective: number,
  estimate: v.optional(estimateSchema),
});
const fit = object({ loss: number, accuracy: number });
/** How far an offline start has fitted its pairs. */
export const startSchema = object({ trained: fit, fresh: fit });

/** Metrics that may not exist for a run or a moment. */
const ABSENT: readonly MetricName[] = [
  'gap',
  'loss',
  'chosenReward',
  'rejectedReward',
  'margin',
  'accuracy',
  'oracleGap',
  'samplingCost',
];

const metricNames = Object.keys(METRICS) as MetricName[];
const evaluation = object({
  step: count,
  ...(Object.fromEntries(
    metricNames.map((name) => [
      name,
      LATER.includes(name) ? v.optional(v.nullable(number), null) : ABSENT.includes(name) ? v.nullable(number) : number,
    ]),
  ) as unknown as Record<MetricName, typeof number>),
});

const dateMessage = given('a date such as 2026-01-31T12:00:00.000Z');
/** Some of ISO 8601's forms, such as an offset of hours alone, are no date to JavaScript. */
const date = v.pipe(
  v.string(given('a date')),
  v.isoTimestamp(dateMessage),
  v.check((text) => !Number.isNaN(Date.parse(text)), dateMessage),
);

const cardSchema = object({
  name: v.optional(v.pipe(text(MAXIMUM_NAME), v.minLength(1, 'is empty; give a name'))),
  notes: v.optional(text(MAXIMUM_NOTES), ''),
  date: v.optional(v.nullable(date), null),
});

const schemaOf = <const S extends readonly RunStatus[]>(statuses: S) =>
  object({
    format: v.literal(RESULTS_FORMAT),
    version: v.literal(RESULTS_VERSION),
    backend: engineSchema,
    earlier: v.optional(list(object({ until: count, backend: backendSchema }), MAXIMUM_MOVES)),
    optimum: v.nullable(pointSchema),
    frontier: v.nullable(list(pointSchema, MAXIMUM_POINTS)),
    optimumNote: v.optional(text(2000)),
    runs: v.pipe(
      list(
        object({
          arm: text(300),
          seed: count,
          status: oneOf(statuses),
          hash: v.pipe(text(64), v.regex(/^[0-9a-f]*$/, given('hexadecimal digits'))),
          optimum: v.nullable(pointSchema),
          start: v.optional(startSchema),
          evaluations: list(evaluation, MAXIMUM_EVALUATIONS),
        }),
        MAXIMUM_RUNS,
      ),
      v.minLength(1, 'is empty; give the results of at least one run'),
    ),
    timing: object({ seconds: number, pairsPerSecond: number }),
  });

const resultsSchema = schemaOf(['complete', 'stopped', 'diverged']);
const unfinishedSchema = schemaOf(['running', 'complete', 'stopped', 'diverged']);
