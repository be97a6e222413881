import type { BackendName } from '../experiment/documents/results';
import { runExperiment } from '../training/runExperiment';
import { cutIntoParts, worthwhileParts } from './cutIntoParts';
import { mostRuns } from './memory';
import type { ImportedCheckpoints } from './orders';
import type { Pool } from './pool';
import type { Experiment } from './runner';
import { runParts } from './runParts';

export interface Spreading {
  readonly pool: Pool;
  readonly backend: BackendName;
  /** How many workers were asked for; undefined: as many as are worth it, but no more than there are cores. */
  readonly asked: number | undefined;
  readonly cores: number;
  /** Whether this thread trains nothing, not even what is one part. */
  readonly apart?: boolean | undefined;
  readonly checkpoints: ImportedCheckpoints;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/**
 * Runs an experiment in the workers of a pool; one that is not worth cutting, or that a GPU runs, in this thread. Where
 * the workers' memory does not hold all of it, there are more parts than workers.
 */
export const inParts =
  ({ pool, backend, asked, cores, apart = false, checkpoints, now }: Spreading): Experiment =>
  (config, task, control, from) => {
    // A person is asked, and what is trained on is told, by one thread.
    if (config.labeller.reader === 'person' || control.onTrained) return runExperiment(config, task, control, from);
    const workers = backend === 'webgpu' ? 1 : (asked ?? Math.min(cores, worthwhileParts(config, task)));
    const runs = config.arms.length * config.seeds;
    const parts = cutIntoParts(config, Math.max(workers, Math.ceil(runs / mostRuns(config, task, backend))));
    if (parts.length === 1 && !apart) return runExperiment(config, task, control, from);
    return runParts(config, task, control, from, { pool, workers, parts, checkpoints, now });
  };
