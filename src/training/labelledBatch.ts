import { paddedRows } from '../ops/rowSets';
import type { LabelledCompletions } from './preferenceGradient';
import type { Completion, PreferencePair } from './pair';
import type { Task } from './task';

/**
 * Every run's pairs as one batch, its rows filled up to a multiple of four with masked ones.
 *
 * @param pairs equally many for every run that has any  // [R][P]
 * @param count P
 */
export function labelledBatch(
  { promptLength, policy: { completionLength } }: Task,
  pairs: readonly (readonly PreferencePair[])[],
  count: number,
): LabelledCompletions {
  const rows = paddedRows(2 * count);
  const total = pairs.length * rows;
  const prompts = { sets: pairs.length, rows, length: promptLength, ids: new Int32Array(total * promptLength) };
  const ids = new Int32Array(total * completionLength);
  const mask = new Float32Array(total * completionLength);
  const referenceLogProbs = new Float32Array(total);
  const write = (row: number, prompt: readonly number[], completion: Completion) => {
    for (let t = 0; t < promptLength; t++) prompts.ids[row * promptLength + t] = prompt[t]!;
    for (let t = 0; t < completion.ids.length; t++) {
      ids[row * completionLength + t] = completion.ids[t]!;
      mask[row * completionLength + t] = 1;
    }
    referenceLogProbs[row] = completion.referenceLogProb;
  };
  pairs.forEach((ofRun, r) =>
    ofRun.forEach(({ prompt, chosen, rejected }, p) => {
      write(r * rows + 2 * p, prompt, chosen);
      write(r * rows + 2 * p + 1, prompt, rejected);
    }),
  );
  return { completions: { prompts, length: completionLength, ids, mask }, referenceLogProbs };
}
