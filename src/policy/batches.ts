/** Pads token ids: prompts on the left, completions on the right with rows up to a multiple of ROW_TILE. */
import { paddedRows } from '../ops/rowSets';
import type { CompletionBatch, PromptBatch } from './policy';

/** Token ids without padding; the completion ends with its end token or is cut off without one. */
export interface Text {
  readonly prompt: readonly number[];
  readonly completion: ArrayLike<number>;
}

/** Tokens of the longest prompt and the longest completion. */
export interface TextLengths {
  readonly promptLength: number;
  readonly completionLength: number;
}

/** @param promptOf by row, counted over all sets */
export function promptBatch(
  sets: number,
  rows: number,
  length: number,
  promptOf: (row: number) => readonly number[],
): PromptBatch {
  const ids = new Int32Array(sets * rows * length);
  for (let row = 0; row < sets * rows; row++) write(ids, promptOf(row), row, length, true);
  return { sets, rows, length, ids };
}

/**
 * @param texts of every set; a set may have none  // [sets][count]
 * @param count texts of a set that has any
 */
export function completionBatch(
  { promptLength, completionLength }: TextLengths,
  texts: readonly (readonly Text[])[],
  count = texts[0]!.length,
): CompletionBatch {
  const [sets, rows] = [texts.length, paddedRows(count)];
  const prompts = new Int32Array(sets * rows * promptLength);
  const ids = new Int32Array(sets * rows * completionLength);
  const mask = new Float32Array(ids.length);
  texts.forEach((ofSet, set) =>
    ofSet.forEach(({ prompt, completion }, i) => {
      const row = set * rows + i;
      write(prompts, prompt, row, promptLength, true);
      write(ids, completion, row, completionLength, false);
      for (let t = 0; t < completion.length; t++) mask[row * completionLength + t] = 1;
    }),
  );
  return { prompts: { sets, rows, length: promptLength, ids: prompts }, length: completionLength, ids, mask };
}

/** A loop, because `set` takes its time over short lists, as `fill` does. */
function write(out: Int32Array, ids: ArrayLike<number>, row: number, length: number, toTheRight: boolean): void {
  const start = row * length + (toTheRight ? length - ids.length : 0);
  for (let t = 0; t < ids.length; t++) out[start + t] = ids[t]!;
}
