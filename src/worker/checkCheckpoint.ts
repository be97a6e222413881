import type { WrittenTask } from '../experiment/config/tasks';
import { messageOf } from '../math/foreign';
import { contentHash } from '../math/hash';
import { parseReviewsCheckpoint } from '../training/reviewsTask';
import type { Checked, CheckpointFile } from './protocol';

/** Whether files are a checkpoint that a task can use. */
export async function checkCheckpoint(files: readonly CheckpointFile[], task: WrittenTask): Promise<Checked> {
  try {
    const read = new Map<string, Uint8Array>();
    for (const { name, bytes } of files) read.set(name, new Uint8Array(await bytes.arrayBuffer()));
    const bytes = await checked(read, task);
    // A copy: the file on the disk may change.
    return { ok: true, hash: contentHash(bytes), bytes: new Blob([bytes as Uint8Array<ArrayBuffer>]) };
  } catch (error) {
    return { ok: false, problem: messageOf(error) };
  }
}

async function checked(files: ReadonlyMap<string, Uint8Array>, task: WrittenTask): Promise<Uint8Array> {
  if (task === 'text') return (await import('../training/openModel')).openModel(files);
  const bytes = [...files.values()][0]!;
  parseReviewsCheckpoint(bytes);
  return bytes;
}
