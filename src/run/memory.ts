import { parseConfig } from '../experiment/config/config';
import { valueOf, type Problem } from '../experiment/reading';
import { isWasm, type BackendName } from '../experiment/documents/results';
import type { ExperimentConfig } from '../experiment/config/schema';
import { parameterCount } from '../policy/parameters';
import { referenceBytes, runBytes, WORKING_BYTES, workingBytes } from '../training/memory';
import type { Task } from '../training/task';
import { runsOf } from '../training/run';

/** What can be used of the 4 GiB that WebAssembly addresses: the heap grows in strides, and free memory lies in pieces. */
const WASM_BYTES = 3.75 * 2 ** 30;

/** The most bytes that a run's rows take while it is worked on: its sampling is cut into blocks, if need be. */
function workingPeak(config: ExperimentConfig, task: Task): number {
  const peaks = runsOf({ ...config, seeds: 1 }).map((run) => {
    const { sampling, training, evaluation } = workingBytes(config, task, run);
    return Math.max(Math.min(sampling, WORKING_BYTES), training, evaluation);
  });
  return Math.max(...peaks);
}

const referencesBytes = (config: ExperimentConfig, task: Task): number =>
  // A bandit's tables may differ from seed to seed.
  (task.evaluation.kind === 'exact' ? config.seeds : 1) * referenceBytes(task);

/** The most bytes that a part of so many runs holds. */
export function partBytes(config: ExperimentConfig, task: Task, runs: number): number {
  // Runs that are worked on together share the memory for rows; one alone may take more.
  const peak = workingPeak(config, task);
  const working = Math.max(peak, Math.min(WORKING_BYTES, runs * peak));
  return runs * runBytes(config, task) + referencesBytes(config, task) + working;
}

/** Less than that goes without saying. */
const NOTABLE_BYTES = 2 ** 30;

/** "3.2 GB of memory", for a race that takes much; null for others. */
export function muchMemory(config: ExperimentConfig, task: Task): string | null {
  const bytes = partBytes(config, task, runsOf(config).length);
  const state = isStorable(config, task) ? '' : ', too much for its state to be stored';
  return bytes > NOTABLE_BYTES ? `${gibibytes(bytes)} of memory${state}` : null;
}

/** Of a stored state: files of 2 GiB are neither written nor read in one piece. */
export const MOST_STATE_BYTES = 2000 * 2 ** 20;

/**
 * Whether the state of a race can be stored: weights, AdamW's averages and, where it moves, the reference of all runs.
 * What else a state has, evaluations and pairs, may still make it too large on the way.
 */
export function isStorable(config: ExperimentConfig, task: Task): boolean {
  const copies = config.rounds?.movingReference ? 4 : 3;
  const bytes = 4 * copies * parameterCount(task.policy.layout) * runsOf(config).length;
  return bytes < 0.9 * MOST_STATE_BYTES;
}

/** What a text policy is and takes, before anything runs: "15.2 million parameters; a run of 8 pairs takes …". */
export function modelMemory(task: Task): string {
  const config = valueOf(
    parseConfig({
      task: { kind: 'text', checkpoint: 'stories', oracles: [{ of: 'ending' }] }, // Only its kind.
      arms: [{ sampler: 'vanilla' }],
      seeds: 1,
      beta: 0.1,
      learningRate: 1e-4,
      schedule: { steps: 1, pairs: USUAL_PAIRS },
      evaluation: { every: 1, samples: 64 },
    }),
  );
  const millions = parameterCount(task.policy.layout) / 1e6;
  const parameters = millions < 0.1 ? millions.toFixed(2) : millions.toFixed(1);
  const bytes = partBytes(config, task, 1);
  return `${parameters} million parameters; a run of ${USUAL_PAIRS} pairs takes about ${memoryText(bytes)}`;
}

const USUAL_PAIRS = 8;

/** How many runs a part may have on a backend: as many as there is memory for. */
export function mostRuns(config: ExperimentConfig, task: Task, backend: BackendName): number {
  if (!isWasm(backend)) return Infinity;
  const left = WASM_BYTES - referencesBytes(config, task) - Math.max(WORKING_BYTES, workingPeak(config, task));
  return Math.max(1, Math.floor(left / runBytes(config, task)));
}

/** The numbers that make each moment large. */
const CAUSES = {
  training: {
    path: 'schedule.pairs',
    of: ({ schedule }: ExperimentConfig) => schedule.pairs,
    to: (config: ExperimentConfig, pairs: number) => ({ ...config, schedule: { ...config.schedule, pairs } }),
  },
  evaluation: {
    path: 'evaluation.samples',
    of: ({ evaluation }: ExperimentConfig) => evaluation.samples,
    to: (config: ExperimentConfig, samples: number) => ({ ...config, evaluation: { ...config.evaluation, samples } }),
  },
} as const;

/** Why a single run does not fit a backend's memory, and what would; null where it fits. Many are trained in turn. */
export function memoryProblem(config: ExperimentConfig, task: Task, backend: BackendName): Problem | null {
  if (!isWasm(backend)) return null;
  const bytes = (of: ExperimentConfig) => partBytes(of, task, 1);
  if (bytes(config) <= WASM_BYTES) return null;
  const [first] = runsOf(config);
  const { training, evaluation } = workingBytes(config, task, first!);
  const { path, of, to } = CAUSES[training > evaluation ? 'training' : 'evaluation'];
  const fewer = largest(of(config), (n) => bytes(to(config, n)) <= WASM_BYTES);
  const fitting = fewer ? `at most ${fewer}` : 'a smaller checkpoint';
  const message =
    `${of(config)} need about ${gibibytes(bytes(config))} of memory for a single run, and WebAssembly has ` +
    `${gibibytes(WASM_BYTES)}; ${fitting} would fit`;
  return { path, message };
}

/** The largest whole number below `count` that fits; 0 where none does. */
function largest(count: number, fits: (n: number) => boolean): number {
  let n = count - 1;
  while (n > 0 && !fits(n)) n--;
  return n;
}

const memoryText = (bytes: number): string => (bytes < 2 ** 29 ? `${Math.ceil(bytes / 2 ** 20)} MB` : gibibytes(bytes));

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`;
