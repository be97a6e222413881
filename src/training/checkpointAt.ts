import type { Problem } from '../experiment/reading';
import { foreign, messageOf } from '../math/foreign';

/** Fetches a checkpoint's bytes by its name in the config; throws an Error that says why it cannot. */
export type CheckpointLoader = (name: string) => Promise<Uint8Array>;

/** A checkpoint that is missing, broken or foreign, with the config's path to its name. */
export class CheckpointError extends Error {
  constructor(
    readonly path: string,
    name: string,
    cause: unknown,
  ) {
    super(`"${foreign(name, 200)}" cannot be used, ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** What a config's preparation threw, at the checkpoint's field or at another. */
export const problemOf = (error: unknown, otherwise = ''): Problem => ({
  path: error instanceof CheckpointError ? error.path : otherwise,
  message: messageOf(error),
});

/** Throws CheckpointError. */
export async function checkpointAt<T>(
  path: string,
  name: string,
  load: CheckpointLoader,
  read: (bytes: Uint8Array) => T,
): Promise<T> {
  try {
    return read(await load(name));
  } catch (error) {
    throw new CheckpointError(path, name, error);
  }
}

/** A start must have the reference's shape. Throws CheckpointError. */
export function refuseOtherSizes(
  name: string,
  start: { readonly sizes: object },
  reference: { readonly sizes: object },
): void {
  if (JSON.stringify(start.sizes) === JSON.stringify(reference.sizes)) return;
  throw new CheckpointError('start.checkpoint', name, 'its sizes are not those of task.checkpoint');
}
