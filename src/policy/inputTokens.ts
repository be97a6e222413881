import type { CompletionBatch } from './policy';

/** Inputs of a whole pass: every token but the last, prompt then completion. // [R·B, Lp + C − 1] */
export function inputTokens({ prompts, ids, length }: CompletionBatch): Int32Array {
  const total = prompts.length + length - 1;
  const rows = prompts.sets * prompts.rows;
  const tokens = new Int32Array(rows * total);
  for (let row = 0; row < rows; row++) {
    tokens.set(prompts.ids.subarray(row * prompts.length, (row + 1) * prompts.length), row * total);
    tokens.set(ids.subarray(row * length, (row + 1) * length - 1), row * total + prompts.length);
  }
  return tokens;
}

/** Leading zeros of each row: where its left-padded prompt begins. */
export function startsOf(promptIds: Int32Array, length: number): Int32Array {
  return Int32Array.from({ length: promptIds.length / length }, (_, row) => {
    let start = 0;
    while (start < length - 1 && promptIds[row * length + start] === 0) start++;
    return start;
  });
}
