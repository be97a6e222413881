import { rewardModels } from '../experiment/config/checkpointName';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { Oracle } from '../tasks/text/oracles/oracle';
import { checkpointAt, refuseOtherSizes, type CheckpointLoader } from './checkpointAt';
import { learntOracle } from './learntOracle';
import type { Task } from './task';
import { readTextModel, textTask } from './textTask';

/** A config's task of plain text. Throws CheckpointError. */
export async function prepareText(
  task: Extract<ExperimentConfig['task'], { kind: 'text' }>,
  start: ExperimentConfig['start'],
  load: CheckpointLoader,
): Promise<Task> {
  const reference = await checkpointAt('task.checkpoint', task.checkpoint, load, readTextModel);
  const learnt = new Map<string, Oracle>();
  for (const { path, model } of rewardModels(task)) {
    if (!learnt.has(model)) learnt.set(model, await checkpointAt(path, model, load, learntOracle));
  }
  if (start.kind !== 'checkpoint') return textTask(reference, { ...task, learnt });
  const first = await checkpointAt('start.checkpoint', start.checkpoint, load, readTextModel);
  refuseOtherSizes(start.checkpoint, first, reference);
  return textTask(reference, { ...task, learnt, startWeights: first.weights });
}
