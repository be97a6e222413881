import { foreign, messageOf } from '../math/foreign';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { Checkpoint } from '../policy/checkpoint';
import type { RewardForm } from '../tasks/reviews/bounds';
import { banditTask } from './banditTask';
import { readKnownOptimum } from './knownOptimum';
import type { KnownOptimum, Task } from './task';
import { parseReviewsCheckpoint, reviewsTask } from './reviewsTask';

/** Fetches a checkpoint's bytes by its name in the config; throws an Error that says why it cannot. */
export type CheckpointLoader = (name: string) => Promise<Uint8Array>;

/** Fetches the text of the optimum that was estimated for a checkpoint and an oracle; null where there is none. */
export type OptimumLoader = (name: string, oracle: RewardForm['oracle']) => Promise<string | null>;

/** A checkpoint that is missing, broken or foreign, with the config's path to its name. */
export class CheckpointError extends Error {
  constructor(
    readonly path: string,
    name: string,
    cause: unknown,
  ) {
    super(`"${foreign(name, 200)}" cannot be used, ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** The task of a config, ready for training. Throws CheckpointError; an optimum that cannot be used is no error. */
export async function prepareTask(
  { task, start }: ExperimentConfig,
  load: CheckpointLoader,
  loadOptimum: OptimumLoader,
): Promise<Task> {
  switch (task.kind) {
    case 'bandit':
      return banditTask(task);
    case 'reviews': {
      const reference = await loadAt('task.checkpoint', task.checkpoint, load);
      const optimum = await optimumOf(task, reference, loadOptimum);
      if (start.kind !== 'checkpoint') return reviewsTask(reference, { form: task, optimum });
      const first = await loadAt('start.checkpoint', start.checkpoint, load);
      if (JSON.stringify(first.sizes) !== JSON.stringify(reference.sizes)) {
        throw new CheckpointError('start.checkpoint', start.checkpoint, 'its sizes are not those of task.checkpoint');
      }
      return reviewsTask(reference, { form: task, startWeights: first.weights, optimum });
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

/** A wrong line would be worse than none. */
async function optimumOf(
  { checkpoint, ...form }: RewardForm & { readonly checkpoint: string },
  reference: Checkpoint,
  load: OptimumLoader,
): Promise<KnownOptimum | string | undefined> {
  try {
    const text = await load(checkpoint, form.oracle);
    return text === null ? undefined : readKnownOptimum(text, reference, form);
  } catch (error) {
    const reason = messageOf(error);
    return `The estimated optimum beside the checkpoint "${foreign(checkpoint, 200)}" is not used: ${reason}.`;
  }
}
