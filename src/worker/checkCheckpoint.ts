import type { CheckpointKind } from '../experiment/config/tasks';
import { messageOf } from '../math/foreign';
import { contentHash } from '../math/hash';
import { modelMemory } from '../run/memory';
import { parseReviewsCheckpoint } from '../training/reviewsTask';
import type { Checked, CheckpointFile } from './protocol';

/** Whether files are a checkpoint of a kind. */
export async function checkCheckpoint(files: readonly CheckpointFile[], kind: CheckpointKind): Promise<Checked> {
  try {
    const read = new Map<string, Uint8Array>();
    for (const { name, bytes } of files) read.set(name, new Uint8Array(await bytes.arrayBuffer()));
    const { bytes, note } = await checked(read, kind);
    // A copy: the file on the disk may change.
    return { ok: true, hash: contentHash(bytes), bytes: new Blob([bytes as Uint8Array<ArrayBuffer>]), note };
  } catch (error) {
    return { ok: false, problem: messageOf(error) };
  }
}

async function checked(
  files: ReadonlyMap<string, Uint8Array>,
  kind: CheckpointKind,
): Promise<{ readonly bytes: Uint8Array; readonly note: string | null }> {
  if (kind === 'text') {
    const [{ openModel }, { textTask }] = await Promise.all([
      import('../training/openModel'),
      import('../training/textTask'),
    ]);
    const { bytes, model } = openModel(files);
    return { bytes, note: modelMemory(textTask(model, { oracles: [], oracle: 'sum', rewardScale: 1 })) };
  }
  const bytes = [...files.values()][0]!;
  if (kind === 'reward') (await import('../training/learntOracle')).learntOracle(bytes);
  else parseReviewsCheckpoint(bytes);
  return { bytes, note: null };
}
