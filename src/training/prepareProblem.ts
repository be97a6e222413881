import type { ExperimentConfig } from '../experiment/schema';
import type { Checkpoint } from '../policy/checkpoint';
import { banditProblem } from './banditProblem';
import type { Problem } from './problem';
import { parseReviewsCheckpoint, reviewsProblem } from './reviewsProblem';

/** Fetches a checkpoint's bytes by its name in the config; throws an Error that says why it cannot. */
export type CheckpointLoader = (name: string) => Promise<Uint8Array>;

/** A checkpoint that is missing, broken or foreign, with the config's path to its name. */
export class CheckpointError extends Error {
  constructor(
    readonly path: string,
    name: string,
    cause: unknown,
  ) {
    super(`"${name}" cannot be used, ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** The task of a config, ready for training. Throws CheckpointError. */
export async function prepareProblem({ task, start }: ExperimentConfig, load: CheckpointLoader): Promise<Problem> {
  switch (task.kind) {
    case 'bandit':
      return banditProblem(task);
    case 'reviews': {
      const reference = await loadAt('task.checkpoint', task.checkpoint, load);
      if (start.kind !== 'checkpoint') return reviewsProblem(reference);
      const first = await loadAt('start.checkpoint', start.checkpoint, load);
      if (JSON.stringify(first.sizes) !== JSON.stringify(reference.sizes)) {
        throw new CheckpointError('start.checkpoint', start.checkpoint, 'its sizes are not those of task.checkpoint');
      }
      return reviewsProblem(reference, first.weights);
    }
    default:
      throw new Error(`unknown task ${JSON.stringify(task satisfies never)}`);
  }
}

async function loadAt(path: string, name: string, load: CheckpointLoader): Promise<Checkpoint> {
  try {
    return parseReviewsCheckpoint(await load(name));
  } catch (error) {
    throw new CheckpointError(path, name, error);
  }
}
