import { rewardModels } from '../experiment/config/checkpointName';
import type { ExperimentConfig } from '../experiment/config/schema';
import type { Oracle } from '../tasks/text/oracles/oracle';
import { CheckpointError, checkpointAt, refuseOtherSizes, type CheckpointLoader } from './checkpointAt';
import { learntOracle } from './learntOracle';
import type { Task } from './task';
import { readTextModel, textTask, type ReadTextModel } from './textTask';

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
  if (!writesAlike(first, reference)) {
    throw new CheckpointError('start.checkpoint', start.checkpoint, 'its tokenizer is not that of task.checkpoint');
  }
  return textTask(reference, { ...task, learnt, startWeights: first.weights });
}

/** Whether two policies' token ids stand for the same pieces of text: two of one size may have learnt from two texts. */
function writesAlike(a: ReadTextModel, b: ReadTextModel): boolean {
  // What begins and ends a text is no part of it, and may differ.
  const special = new Set([a, b].flatMap(({ beginning, ends }) => [beginning, ...ends]));
  return a.coder.pieces.every((piece, id) => special.has(id) || piece === b.coder.pieces[id]);
}
