import { isObject, messageOf } from '../math/foreign';
import { accepted, firstProblem, readBy, readJson, refused, type Parsed } from '../experiment/reading';
import type * as v from 'valibot';
import { METRICS, type Evaluation, type MetricName } from '../experiment/documents/metrics';
import { parseUnfinishedResults } from '../experiment/documents/resultsFile';
import type { Results } from '../experiment/documents/results';
import { Fingerprint } from '../math/hash';
import { encodeSafetensors, parseSafetensors, type NamedTensor, type TensorValues } from '../policy/safetensors';
import { groupIntoFleets, runsOf } from '../training/run';
import type { ExperimentSnapshot, RunSnapshot } from '../training/snapshot';
import type { Models } from '../training/task';
import { fleetsSchema, partsSchema, poolSchema, type StoredParts } from './storedParts';

/** An experiment between two steps, with all that it has said so far: what a file or the browser's storage keeps. */
export interface StoredExperiment {
  readonly results: Results;
  readonly snapshot: ExperimentSnapshot;
  /** What its task is made of; absent in states of earlier versions. */
  readonly models?: Models | undefined;
}

const FORMAT = 'pilaf-lab/experiment';
const VERSION = '3';
/** The runs lay together by fleet, with their references. */
const SECOND_VERSION = '2';
/** Everything but the tensors was one JSON text in the header, which had no bound; there was no checksum. */
const FIRST_VERSION = '1';
/** A run's tensors; the reference only where it moves. */
const TENSORS = ['weights', 'mean', 'square', 'reference'] as const;
const METRIC_NAMES = Object.keys(METRICS) as MetricName[];
/** An evaluation as a row of numbers. */
const COLUMNS = ['step', ...METRIC_NAMES] as const;
const CHECKSUM = 'checksum';
const CHECKSUM_BYTES = 8;

/**
 * A safetensors file: each run's weights and AdamW's averages; its evaluations as rows of numbers, NaN where there is
 * none; its pool of pairs; and the rest as JSON. The header grows with the runs, not with what they have done. The last
 * eight bytes are the checksum of all before them.
 */
export function encodeStored({ results, snapshot, models }: StoredExperiment): Uint8Array<ArrayBuffer> {
  const { step, runs } = snapshot;
  const books: StoredParts = {
    results: { ...results, runs: results.runs.map((run) => ({ ...run, evaluations: [] })) },
    step,
    models,
    runs: runs.map(({ fingerprint, totals, sums, divergedAt }) => ({ fingerprint, totals, sums, divergedAt })),
  };
  const bytes = encodeSafetensors({
    metadata: { format: FORMAT, version: VERSION, columns: COLUMNS.join(' ') },
    tensors: [
      flat('books', json(books)),
      ...results.runs.map(({ evaluations }, r) => evaluationsTensor(r, evaluations)),
      ...runs.flatMap((run, r) => [
        ...TENSORS.flatMap((name) => (run[name] ? [flat(`${name}.${r}`, run[name])] : [])),
        flat(`pool.${r}`, json(run.pool)),
      ]),
      flat(CHECKSUM, new Uint8Array(CHECKSUM_BYTES)),
    ],
  });
  bytes.set(checksumOf(bytes), bytes.length - CHECKSUM_BYTES);
  return bytes;
}

const flat = (name: string, values: TensorValues): NamedTensor => ({ name, shape: [values.length], values });

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function evaluationsTensor(run: number, evaluations: readonly Evaluation[]): NamedTensor {
  const values = new Float64Array(evaluations.length * COLUMNS.length);
  evaluations.forEach((evaluation, i) =>
    COLUMNS.forEach((name, c) => (values[i * COLUMNS.length + c] = evaluation[name] ?? NaN)),
  );
  return { name: `evaluations.${run}`, shape: [evaluations.length, COLUMNS.length], values };
}

function checksumOf(bytes: Uint8Array): Uint8Array {
  const digest = new Fingerprint().addBytes(bytes.subarray(0, bytes.length - CHECKSUM_BYTES)).digest();
  return Uint8Array.from({ length: CHECKSUM_BYTES }, (_, i) => parseInt(digest.slice(2 * i, 2 * i + 2), 16));
}

/** Reads a file of this version or those before. */
export function parseStored(bytes: Uint8Array): Parsed<StoredExperiment> {
  try {
    return accepted(parsed(bytes));
  } catch (error) {
    return refused('', messageOf(error));
  }
}

/** Throws an Error that says what is wrong: a file has many parts, and each may be. */
function parsed(bytes: Uint8Array): StoredExperiment {
  const { metadata, tensors } = parseSafetensors(bytes);
  const { format, version, columns, books } = metadata;
  if (format !== FORMAT) throw new Error('the file is safetensors, but not a stored experiment');
  const values = new Map(tensors.map((tensor) => [tensor.name, tensor.values]));
  switch (version) {
    case FIRST_VERSION:
      return parseFirst(books ?? '', values);
    case SECOND_VERSION: {
      const read = parseSummed(bytes, columns ?? '', values);
      return byFleet(read, (f, r) => jsonOf(values, `${f}.pool.${r}`), values);
    }
    case VERSION:
      return byRun(parseSummed(bytes, columns ?? '', values), values);
    default:
      throw new Error('the version of the stored experiment is not known');
  }
}

type Values = ReadonlyMap<string, TensorValues>;
type Books = Readonly<Record<string, unknown>>;

function parseFirst(text: string, values: Values): StoredExperiment {
  const whole = object(parseJson(text));
  const fleets = list(whole['fleets']).map((fleet) => list(fleet).map(object));
  const pools = fleets.map((memories) => memories.map(({ pool }) => pool));
  const books = { ...whole, fleets: fleets.map((memories) => memories.map(({ pool: _, ...memory }) => memory)) };
  return byFleet(books, (f, r) => pools[f]![r], values);
}

/** The books of a file with a checksum, with the evaluations in their places. */
function parseSummed(bytes: Uint8Array, columns: string, values: Values): Books {
  const sum = checksumOf(bytes);
  if (!bytes.subarray(bytes.length - CHECKSUM_BYTES).every((byte, i) => byte === sum[i])) {
    throw new Error('the stored experiment is damaged: its checksum does not fit its content');
  }
  const names = columns.split(' ');
  // Files of earlier versions have fewer.
  if (names[0] !== 'step' || !names.every((name) => COLUMNS.some((known) => known === name))) {
    throw new Error('the stored experiment has other metrics than this program');
  }
  const books = object(jsonOf(values, 'books'));
  const results = object(books['results']);
  const runs = list(results['runs']).map((run, r) => ({
    ...object(run),
    evaluations: evaluationsOf(tensorOf(values, `evaluations.${r}`, Float64Array), names),
  }));
  return { ...books, results: { ...results, runs } };
}

function byRun(books: Books, values: Values): StoredExperiment {
  const results = required('results', parseUnfinishedResults(books['results']));
  const { step, runs, models } = checked('books', partsSchema, books);
  checkExtent(results, step, runs.length);
  const moves = results.config.rounds?.movingReference === true;
  const runOf = (run: (typeof runs)[number], r: number): RunSnapshot => ({
    ...run,
    weights: tensorOf(values, `weights.${r}`, Float32Array),
    mean: tensorOf(values, `mean.${r}`, Float32Array),
    square: tensorOf(values, `square.${r}`, Float32Array),
    reference: moves ? tensorOf(values, `reference.${r}`, Float32Array) : null,
    pool: checked(`pool.${r}`, poolSchema, jsonOf(values, `pool.${r}`)),
  });
  return { results, snapshot: { step, runs: runs.map(runOf) }, ...(models && { models }) };
}

/** A fleet's tensors hold its runs one after the other, behind the policies their references, the moving ones last. */
function byFleet(books: Books, poolOf: (fleet: number, run: number) => unknown, values: Values): StoredExperiment {
  const results = required('results', parseUnfinishedResults(books['results']));
  const { step, fingerprints, fleets } = checked('books', fleetsSchema, books);
  checkExtent(results, step, Math.min(fingerprints.length, fleets.flat().length));
  const moves = results.config.rounds?.movingReference === true;
  const runs: RunSnapshot[] = [];
  groupIntoFleets(runsOf(results.config)).forEach((fleet, f) => {
    const tensor = (name: string) => tensorOf(values, `${f}.${name}`, Float32Array);
    const [weights, mean, square] = [tensor('weights'), tensor('mean'), tensor('square')];
    const count = mean.length / fleet.length;
    const fits =
      Number.isInteger(count) && square.length === mean.length && weights.length >= (moves ? 2 : 1) * mean.length;
    if (!fits || fleets[f]?.length !== fleet.length) throw damaged(`fleet ${f} is not one of its config`);
    const set = (all: Float32Array, start: number) => all.slice(start, start + count);
    fleet.forEach(({ index }, r) => {
      const at = r * count;
      runs[index] = {
        ...fleets[f]![r]!,
        fingerprint: fingerprints[index]!,
        weights: set(weights, at),
        mean: set(mean, at),
        square: set(square, at),
        reference: moves ? set(weights, weights.length - mean.length + at) : null,
        pool: checked(`${f}.pool.${r}`, poolSchema, poolOf(f, r)),
      };
    });
  });
  return { results, snapshot: { step, runs } };
}

function checkExtent({ config, runs }: Results, step: number, states: number): void {
  const { steps } = config.schedule;
  if (step > steps) throw damaged(`step: ${step} is beyond the experiment’s ${steps} steps`);
  if (states !== runs.length) throw damaged(`it does not have the state of all ${runs.length} runs`);
}

function evaluationsOf(values: Float64Array, columns: readonly string[]): unknown[] {
  return Array.from({ length: Math.floor(values.length / columns.length) }, (_, i) => {
    const row = columns.map((name, c) => {
      const value = values[i * columns.length + c]!;
      return [name, Number.isNaN(value) ? null : value] as const;
    });
    return Object.fromEntries(row);
  });
}

const damaged = (what: string): Error => new Error(`the stored experiment is damaged, ${what}`);

function required<T>(place: string, part: Parsed<T>): T {
  if (part.ok) return part.value;
  throw damaged(`${place}.${firstProblem(part.problems)}`);
}

const checked = <const T extends v.GenericSchema>(place: string, schema: T, input: unknown): v.InferOutput<T> =>
  required(place, readBy(schema, input, ''));

function tensorOf<T extends TensorValues>(values: Values, name: string, type: new (length: number) => T): T {
  const found = values.get(name);
  if (found instanceof type) return found;
  throw new Error(`the stored experiment lacks the tensor ${name}`);
}

const jsonOf = (values: Values, name: string): unknown =>
  parseJson(new TextDecoder().decode(tensorOf(values, name, Uint8Array)));

function parseJson(text: string): unknown {
  const json = readJson(text);
  if (json.ok) return json.value;
  throw damaged('a part of it is not JSON');
}

function object(value: unknown): Record<string, unknown> {
  if (isObject(value)) return value;
  throw damaged('a part of it that must be an object is none');
}

function list(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw damaged('a part of it that must be a list is none');
}
