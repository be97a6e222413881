import type { ExperimentConfig } from '../../experiment/config/schema';
import { CheckpointError, prepareProblem } from '../../training/prepareProblem';
import type { Problem } from '../../training/problem';
import { sentence, UsageError } from '../errors';
import { loadCheckpoint, loadOptimum } from '../files';

/** The task of a config, with its checkpoints from disk. Throws UsageError. */
export async function prepared(config: ExperimentConfig): Promise<Problem> {
  try {
    return await prepareProblem(config, loadCheckpoint, loadOptimum);
  } catch (error) {
    const path = error instanceof CheckpointError ? error.path : 'task';
    throw new UsageError(`${path}: ${sentence(error)}`, { cause: error });
  }
}
