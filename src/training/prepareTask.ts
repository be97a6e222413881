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
      const reference = await loadAt('task.checkpoint', task.checkpoint, load, parseReviewsCheckpoint);
      const optimum = await optimumOf(task, reference, loadOptimum);
      if (start.kind !== 'checkpoint') return reviewsTask(reference, { form: task, optimum });
      const first = await loadAt('start.checkpoint', start.checkpoint, load, parseReviewsCheckpoint);
      refuseOtherSizes(start.checkpoint, first, reference);
      return reviewsTask(reference, { form: task, startWeights: first.weights, optimum });
    }
    case 'text': {
      // Tokenizers, lexicons and lists of words are large: they come when a text is asked for.
      const { readTextModel, textTask } = await import('./textTask');
      const reference = await loadAt('task.checkpoint', task.checkpoint, load, readTextModel);
      if (start.kind !== 'checkpoint') return textTask(reference, task);
      const first = await loadAt('start.checkpoint', start.checkpoint, load, readTextModel);
      refuseOtherSizes(start.checkpoint, first, reference);
      return textTask(reference, { ...task, startWeights: first.weights });
    }
    default:
      throw new Error(`unknown task ${JSON.stringify(task satisfies never)}`);
  }
}

/** A start must have the reference's shape. */
function refuseOtherSizes(
  name: string,
  start: { readonly sizes: object },
  reference: { readonly sizes: object },
): void {
  if (JSON.stringify(start.sizes) === JSON.stringify(reference.sizes)) return;
  throw new CheckpointError('start.checkpoint', name, 'its sizes are not those of task.checkpoint');
}

async function loadAt<T>(
  path: string,
  name: string,
  load: CheckpointLoader,
  read: (bytes: Uint8Array) => T,
): Promise<T> {
  try {
    return read(await load(name));
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
