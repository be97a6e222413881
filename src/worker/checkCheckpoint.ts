import type { WrittenTask } from '../experiment/config/tasks';
import { messageOf } from '../math/foreign';
import { contentHash } from '../math/hash';
import { openModel } from '../training/openModel';
import { parseReviewsCheckpoint } from '../training/reviewsTask';
import type { Checked, CheckpointFile } from './protocol';

/** Whether files are a checkpoint that a task can use. */
export async function checkCheckpoint(files: readonly CheckpointFile[], task: WrittenTask): Promise<Checked> {
  try {
    const read = new Map<string, Uint8Array>();
    for (const { name, bytes } of files) read.set(name, new Uint8Array(await bytes.arrayBuffer()));
    const bytes = task === 'text' ? openModel(read) : [...read.values()][0]!;
    if (task === 'reviews') parseReviewsCheckpoint(bytes);
    // A copy: the file on the disk may change.
    return { ok: true, hash: contentHash(bytes), bytes: new Blob([bytes as Uint8Array<ArrayBuffer>]) };
  } catch (error) {
    return { ok: false, problem: messageOf(error) };
  }
}
