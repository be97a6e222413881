import type { Problem } from '../experiment/reading';
import type { BackendName } from '../experiment/documents/results';
import type { ExperimentConfig } from '../experiment/config/schema';
import { paddedRows } from '../ops/rowSets';
import { parameterCount } from '../policy/parameters';
import type { Task } from '../training/task';
import { groupIntoFleets, runsOf, type Run } from '../training/run';

/** What can be used of the 4 GiB that WebAssembly addresses: the heap grows in strides, and free memory lies in pieces. */
const WASM_BYTES = 3.75 * 2 ** 30;

const BYTES_PER_FLOAT = 4;

/** Bytes on the device at the two moments at which an experiment holds most. */
export interface MemoryNeed {
  /** Bytes of a step: sampling or training, whatever takes more. */
  readonly step: number;
  readonly evaluation: number;
}

/** Null where the bounds of a config keep it small. */
export function memoryNeed(config: ExperimentConfig, { policy }: Task): MemoryNeed | null {
  const { rowFloats } = policy;
  if (rowFloats === null) return null;
  const { pairs } = config.schedule;
  const { samples } = config.evaluation;
  const fleets = groupIntoFleets(runsOf(config));
  const moving = config.rounds?.movingReference ? 1 : 0;
  const weights =
    fleets.reduce((sum, fleet) => sum + weightSets(fleet) + moving * fleet.length, 0) * parameterCount(policy.layout);
  const greatest = (floats: (fleet: readonly Run[]) => number): number =>
    BYTES_PER_FLOAT * (weights + Math.max(...fleets.map(floats)));
  // Policy and reference are decoded as rows of one batch; what one of them has not read it reads afterwards.
  const sampled = Math.max(2 * rowFloats.decoded, rowFloats.read);
  return {
    step: greatest(({ length, 0: run }) =>
      Math.max(length * pairs * run!.sampler.candidates * sampled, length * paddedRows(2 * pairs) * rowFloats.trained),
    ),
    evaluation: greatest(({ length }) => length * samples * 2 * rowFloats.decoded),
  };
}

/** Policies, their averages and gradient, and a reference for every seed. */
const weightSets = (fleet: readonly Run[]): number => 4 * fleet.length + new Set(fleet.map(({ seed }) => seed)).size;

/** The numbers that make each moment large. */
const CAUSES = {
  step: {
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

/** Why an experiment does not fit a backend's memory, and what would; null where it fits. */
export function memoryProblem(config: ExperimentConfig, task: Task, backend: BackendName): Problem | null {
  if (backend !== 'wasm') return null;
  for (const moment of ['step', 'evaluation'] as const) {
    const bytes = (of: ExperimentConfig): number => memoryNeed(of, task)?.[moment] ?? 0;
    if (bytes(config) <= WASM_BYTES) continue;
    const { path, of, to } = CAUSES[moment];
    const fewer = largest(of(config), (n) => bytes(to(config, n)) <= WASM_BYTES);
    const seeds = largest(config.seeds, (n) => bytes({ ...config, seeds: n }) <= WASM_BYTES);
    const fitting = [
      ...(fewer ? [`at most ${fewer}`] : []),
      ...(seeds ? [`${fewer ? '' : 'at most '}${seeds} seeds`] : []),
    ];
    const message =
      `${of(config)} with ${config.arms.length} arms × ${config.seeds} seeds need about ${gibibytes(bytes(config))} of ` +
      `memory, and WebAssembly has ${gibibytes(WASM_BYTES)}; ${fitting.join(' or ') || 'a smaller checkpoint'} would fit`;
    return { path, message };
  }
  return null;
}

/** The largest whole number below `count` that fits; 0 where none does. */
function largest(count: number, fits: (n: number) => boolean): number {
  let n = count - 1;
  while (n > 0 && !fits(n)) n--;
  return n;
}

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`;
