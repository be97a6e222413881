import type { ExperimentConfig } from '../../experiment/config/schema';
import { problemText } from '../../experiment/reading';
import { problemOf } from '../../training/checkpointAt';
import { prepareTask } from '../../training/prepareTask';
import type { Task } from '../../training/task';
import { sentence, UsageError } from '../errors';
import { loadCheckpoint, loadOptimum } from '../files';

/** The task of a config, with its checkpoints from disk. Throws UsageError. */
export async function prepared(config: ExperimentConfig): Promise<Task> {
  try {
    return await prepareTask(config, loadCheckpoint, loadOptimum);
  } catch (error) {
    throw new UsageError(sentence(problemText([problemOf(error, 'task')])), { cause: error });
  }
}
