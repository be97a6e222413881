import type { CheckpointKind } from '../experiment/config/tasks';
import { messageOf } from '../math/foreign';
import { contentHash } from '../math/hash';
import { parseReviewsCheckpoint } from '../training/reviewsTask';
import type { Checked, CheckpointFile } from './protocol';

/** Whether files are a checkpoint of a kind. */
export async function checkCheckpoint(files: readonly CheckpointFile[], kind: CheckpointKind): Promise<Checked> {
  try {
    const read = new Map<string, Uint8Array>();
    for (const { name, bytes } of files) read.set(name, new Uint8Array(await bytes.arrayBuffer()));
    const bytes = await checked(read, kind);
    // A copy: the file on the disk may change.
    return { ok: true, hash: contentHash(bytes), bytes: new Blob([bytes as Uint8Array<ArrayBuffer>]) };
  } catch (error) {
    return { ok: false, problem: messageOf(error) };
  }
}

async function checked(files: ReadonlyMap<string, Uint8Array>, kind: CheckpointKind): Promise<Uint8Array> {
  if (kind === 'text') return (await import('../training/openModel')).openModel(files);
  const bytes = [...files.values()][0]!;
  if (kind === 'reward') (await import('../training/learntOracle')).learntOracle(bytes);
  else parseReviewsCheckpoint(bytes);
  return bytes;
}
