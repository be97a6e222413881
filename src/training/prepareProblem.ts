import type { ExperimentConfig } from '../experiment/schema';
import { banditProblem } from './banditProblem';
import type { Problem } from './problem';
import { parseReviewsCheckpoint, reviewsProblem } from './reviewsProblem';

/** Fetches a checkpoint's bytes by its name in the config; throws an Error that says why it cannot. */
export type CheckpointLoader = (name: string) => Promise<Uint8Array>;

/** The task of a config, ready for training. Throws an Error that names a checkpoint which is broken or foreign; the config's path to it is `task.checkpoint`. */
export async function prepareProblem({ task }: ExperimentConfig, load: CheckpointLoader): Promise<Problem> {
  switch (task.kind) {
    case 'bandit':
      return banditProblem(task);
    case 'reviews':
      try {
        return reviewsProblem(parseReviewsCheckpoint(await load(task.checkpoint)));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`"${task.checkpoint}" cannot be used, ${why}`, { cause: error });
      }
    default:
      throw new Error(`unknown task ${JSON.stringify(task satisfies never)}`);
  }
}
