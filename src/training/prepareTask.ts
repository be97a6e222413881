import { foreign, messageOf } from '../math/foreign';
import { contentHash } from '../math/hash';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { Checkpoint } from '../policy/checkpoint';
import type { RewardForm } from '../tasks/reviews/bounds';
import { banditTask } from './banditTask';
import { checkpointAt, refuseOtherSizes, type CheckpointLoader } from './checkpointAt';
import { readKnownOptimum } from './knownOptimum';
import type { KnownOptimum, Task } from './task';
import { parseReviewsCheckpoint, reviewsTask } from './reviewsTask';

/** Fetches the text of the optimum that was estimated for a checkpoint and an oracle; null where there is none. */
export type OptimumLoader = (name: string, oracle: RewardForm['oracle']) => Promise<string | null>;

/** The task of a config, ready for training. Throws CheckpointError; an optimum that cannot be used is no error. */
export async function prepareTask(
  config: ExperimentConfig,
  load: CheckpointLoader,
  loadOptimum: OptimumLoader,
): Promise<Task> {
  const models: Record<string, string> = {};
  const task = await taskOf(
    config,
    async (name) => {
      const bytes = await load(name);
      models[name] = contentHash(bytes);
      return bytes;
    },
    loadOptimum,
  );
  return { ...task, models };
}

async function taskOf(
  { task, start }: ExperimentConfig,
  load: CheckpointLoader,
  loadOptimum: OptimumLoader,
): Promise<Task> {
  switch (task.kind) {
    case 'bandit':
      return banditTask(task);
    case 'reviews': {
      const reference = await checkpointAt('task.checkpoint', task.checkpoint, load, parseReviewsCheckpoint);
      const optimum = await optimumOf(task, reference, loadOptimum);
      if (start.kind !== 'checkpoint') return reviewsTask(reference, { form: task, optimum });
      const first = await checkpointAt('start.checkpoint', start.checkpoint, load, parseReviewsCheckpoint);
      refuseOtherSizes(start.checkpoint, first, reference);
      return reviewsTask(reference, { form: task, startWeights: first.weights, optimum });
    }
    case 'text':
      // Tokenizers, lexicons and lists of words are large: they come when a text is asked for.
      return (await import('./prepareText')).prepareText(task, start, load);
    default:
      throw new Error(`unknown task ${JSON.stringify(task satisfies never)}`);
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
