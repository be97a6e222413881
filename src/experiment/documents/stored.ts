import * as v from 'valibot';
import { accepted, readBy, within } from '../reading';
import { parseConfig } from '../config/config';
import { TASK_KINDS } from '../config/tasks';
import { backendSchema, engineSchema } from './resultsFile';
import { parseSweepResults } from './sweepResults';

/**
 * Records of the browser's storage. An older version, or somebody's hand, may have written them, so they are read as
 * files are.
 */

const number = v.pipe(v.number(), v.finite());
const card = { id: v.pipe(v.string(), v.minLength(1)), name: v.string(), date: v.string() };
const sourceSchema = v.picklist(['page', 'import']);

const runSchema = v.object({
  ...card,
  notes: v.string(),
  preset: v.nullable(v.string()),
  source: sourceSchema,
  summary: v.object({
    task: v.picklist(TASK_KINDS),
    arms: v.array(v.string()),
    seeds: number,
    steps: number,
    reached: number,
    backend: engineSchema,
    best: v.nullable(v.object({ arm: v.string(), mean: number, half: v.nullable(number) })),
    hash: v.string(),
  }),
});

const stateSchema = v.object({
  ...card,
  config: v.unknown(),
  step: number,
  backend: backendSchema,
  /** States of older versions have none. */
  order: v.optional(number, 0),
});

const sweepSchema = v.object({ ...card, source: sourceSchema, results: v.looseObject({ backend: v.unknown() }) });

export const parseStoredRun = (input: unknown) => readBy(runSchema, input, 'record');

export function parseStoredState(input: unknown) {
  const state = readBy(stateSchema, input, 'record');
  if (!state.ok) return state;
  const config = parseConfig(state.value.config);
  return config.ok ? accepted({ ...state.value, config: config.value }) : within('config', config);
}

export function parseStoredSweep(input: unknown) {
  const sweep = readBy(sweepSchema, input, 'record');
  if (!sweep.ok) return sweep;
  const { backend } = sweep.value.results;
  // Before the first cell nobody knows the backend; a file always has one.
  const results = parseSweepResults({ ...sweep.value.results, backend: backend ?? { name: 'cpu', adapter: null } });
  if (!results.ok) return results;
  const own = backend === null ? null : results.value.backend;
  return accepted({ ...sweep.value, results: { ...results.value, backend: own } });
}
