import { runExperiment } from '../training/runExperiment';
import { cutIntoParts } from './cutIntoParts';
import type { ImportedCheckpoints } from './orders';
import type { Pool } from './pool';
import type { Experiment } from './runner';
import { runParts } from './runParts';

/** Runs an experiment in the workers of a pool, at most so many; one that is not worth cutting in this thread. */
export const inParts =
  (pool: Pool, workers: number, checkpoints: ImportedCheckpoints, now: () => number): Experiment =>
  (config, task, control, from) => {
    const parts = cutIntoParts(config, workers);
    if (parts.length === 1) return runExperiment(config, task, control, from);
    return runParts(config, task, control, from, { pool, parts, checkpoints, now });
  };
