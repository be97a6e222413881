import type { Checkpoint } from '../policy/checkpoint';
import type { WrittenFolder } from '../policy/modelFolder';
import { wordFolder } from '../policy/wordFolder';
import { BEGINNING, END, PADDING } from '../tasks/task';

/** The folder of a policy of reviews, as `transformers` loads it. Apart from the task, which every worker loads. */
export const reviewsFolder = (checkpoint: Checkpoint): WrittenFolder =>
  wordFolder(checkpoint, { padding: PADDING, beginning: BEGINNING, end: END });
