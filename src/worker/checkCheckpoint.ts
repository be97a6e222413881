import { messageOf } from '../math/foreign';
import { contentHash } from '../math/hash';
import { parseReviewsCheckpoint } from '../training/reviewsTask';
import type { Checked } from './protocol';

/** Whether a file is a checkpoint that reviews can start from. */
export async function checkCheckpoint(file: Blob): Promise<Checked> {
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    parseReviewsCheckpoint(bytes);
    // A copy: the file on the disk may change.
    return { ok: true, hash: contentHash(bytes), bytes: new Blob([bytes]) };
  } catch (error) {
    return { ok: false, problem: messageOf(error) };
  }
}
