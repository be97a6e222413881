import { isObject, messageOf } from '../math/foreign';
import { accepted, firstProblem, readBy, readJson, refused, type Parsed } from '../experiment/reading';
import type * as v from 'valibot';
import { METRICS, type Evaluation, type MetricName } from '../experiment/documents/metrics';
import { parseUnfinishedResults } from '../experiment/documents/resultsFile';
import type { Results } from '../experiment/documents/results';
import { Fingerprint } from '../math/hash';
import { encodeSafetensors, parseSafetensors, type NamedTensor, type TensorValues } from '../policy/safetensors';
import { partsSchema, poolSchema, type StoredParts } from './storedParts';
import type { ExperimentSnapshot, FleetSnapshot, MemorySnapshot } from '../training/snapshot';

/** An experiment between two steps, with all that it has said so far: what a file or the browser's storage keeps. */
export interface StoredExperiment {
  readonly results: Results;
  readonly snapshot: ExperimentSnapshot;
}

const FORMAT = 'pilaf-lab/experiment';
const VERSION = '2';
/** Everything but the tensors was one JSON text in the header, which had no bound; there was no checksum. */
const FIRST_VERSION = '1';
const TENSORS = ['weights', 'mean', 'square'] as const;
const METRIC_NAMES = Object.keys(METRICS) as MetricName[];
/** An evaluation as a row of numbers. */
const COLUMNS = ['step', ...METRIC_NAMES] as const;
const CHECKSUM = 'checksum';
const CHECKSUM_BYTES = 8;

/**
 * A safetensors file: the fleets' weights and AdamW's averages; each run's evaluations as rows of numbers, NaN where
 * there is none; its pool of pairs; and the rest as JSON. Nothing that grows lies in the header. The last eight bytes
 * are the checksum of all before them.
 */
export function encodeStored({ results, snapshot }: StoredExperiment): Uint8Array<ArrayBuffer> {
  const { step, fingerprints, fleets } = snapshot;
  const books: StoredParts = {
    results: { ...results, runs: results.runs.map((run) => ({ ...run, evaluations: [] })) },
    step,
    fingerprints,
    fleets: fleets.map(({ memories }) => memories.map(({ pool: _, ...memory }) => memory)),
  };
  const bytes = encodeSafetensors({
    metadata: { format: FORMAT, version: VERSION, columns: COLUMNS.join(' ') },
    tensors: [
      flat('books', json(books)),
      ...results.runs.map(({ evaluations }, r) => evaluationsTensor(r, evaluations)),
      ...fleets.flatMap((fleet, f) => [
        ...TENSORS.map((name) => flat(`${f}.${name}`, fleet[name])),
        ...fleet.memories.map(({ pool }, r) => flat(`${f}.pool.${r}`, json(pool))),
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

/** Reads a file of this version or the one before. */
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
    case VERSION:
      return parseSecond(bytes, columns ?? '', values);
    default:
      throw new Error('the version of the stored experiment is not known');
  }
}

type Values = ReadonlyMap<string, TensorValues>;

function parseFirst(text: string, values: Values): StoredExperiment {
  const whole = object(parseJson(text));
  const fleets = list(whole['fleets']).map((fleet) => list(fleet).map(object));
  const pools = fleets.map((memories) => memories.map(({ pool }) => pool));
  const books = { ...whole, fleets: fleets.map((memories) => memories.map(({ pool: _, ...memory }) => memory)) };
  return assembled(books, whole['results'], (f, r) => pools[f]![r], values);
}

function parseSecond(bytes: Uint8Array, columns: string, values: Values): StoredExperiment {
  const sum = checksumOf(bytes);
  if (!bytes.subarray(bytes.length - CHECKSUM_BYTES).every((byte, i) => byte === sum[i])) {
    throw new Error('the stored experiment is damaged: its checksum does not fit its content');
  }
  if (columns !== COLUMNS.join(' ')) throw new Error('the stored experiment has other metrics than this program');
  const books = object(jsonOf(values, 'books'));
  const results = object(books['results']);
  const runs = list(results['runs']).map((run, r) => ({
    ...object(run),
    evaluations: evaluationsOf(tensorOf(values, `evaluations.${r}`, Float64Array)),
  }));
  return assembled(books, { ...results, runs }, (f, r) => jsonOf(values, `${f}.pool.${r}`), values);
}

/** Holds what was read against what it must be, and puts it together. */
function assembled(
  input: Readonly<Record<string, unknown>>,
  document: unknown,
  poolOf: (fleet: number, run: number) => unknown,
  values: Values,
): StoredExperiment {
  const results = required('results', parseUnfinishedResults(document));
  const { step, fingerprints, fleets } = checked('books', partsSchema, input);
  const { steps } = results.config.schedule;
  if (step > steps) throw damaged(`step: ${step} is beyond the experiment’s ${steps} steps`);
  if (fingerprints.length !== results.runs.length || fleets.flat().length !== results.runs.length) {
    throw damaged(`it does not have the state of all ${results.runs.length} runs`);
  }
  const fleetOf = (memories: (typeof fleets)[number], f: number): FleetSnapshot => ({
    weights: tensorOf(values, `${f}.weights`, Float32Array),
    mean: tensorOf(values, `${f}.mean`, Float32Array),
    square: tensorOf(values, `${f}.square`, Float32Array),
    memories: memories.map((memory, r): MemorySnapshot => ({
      ...memory,
      pool: checked(`${f}.pool.${r}`, poolSchema, poolOf(f, r)),
    })),
  });
  return { results, snapshot: { step, fingerprints, fleets: fleets.map(fleetOf) } };
}

function evaluationsOf(values: Float64Array): unknown[] {
  return Array.from({ length: Math.floor(values.length / COLUMNS.length) }, (_, i) => {
    const row = COLUMNS.map((name, c) => {
      const value = values[i * COLUMNS.length + c]!;
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
