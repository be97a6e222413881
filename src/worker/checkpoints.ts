import { hashIn } from '../experiment/config/checkpointName';
import { optimumEnding } from '../experiment/documents/optimumFile';
import type { CheckpointLoader } from '../training/checkpointAt';
import type { OptimumLoader } from '../training/prepareTask';
import type { ImportedCheckpoints } from '../run/orders';
import { fetchShipped, type FetchOptions } from './shipped';

/** Names of shipped checkpoints only: a config from a link must not make the page fetch anything else. */
const SHIPPED_NAME = /^[a-z][a-z0-9-]{0,39}$/;

/** Milliseconds that a checkpoint may take to arrive. */
const PATIENCE = 60_000;

/** Fetches from the folder of the page at `base`; null where it is not there. */
function fetchFile(
  base: string,
  name: string,
  ending: string,
  options: Omit<FetchOptions, 'signal'> = {},
): Promise<ArrayBuffer | null> {
  if (hashIn(name) !== null) {
    throw new Error('this browser does not have it: import its file at More settings, Start');
  }
  if (!SHIPPED_NAME.test(name)) {
    throw new Error('the page loads only the checkpoints that it ships, such as "reviews", and those imported');
  }
  const path = `checkpoints/${name}.${ending}`;
  return fetchShipped(new URL(path, base), path, { signal: AbortSignal.timeout(PATIENCE), ...options });
}

/** What the page has imported, else what it ships, which the browser then keeps. */
export const checkpointLoader =
  (base: string, imported: ImportedCheckpoints, onProgress?: FetchOptions['onProgress']): CheckpointLoader =>
  async (name) => {
    const own = imported.find((checkpoint) => checkpoint.name === name);
    if (own) return new Uint8Array(await own.bytes.arrayBuffer());
    const bytes = await fetchFile(base, name, 'safetensors', { keeps: true, onProgress });
    if (!bytes) throw new Error('the page has no checkpoint of that name');
    return new Uint8Array(bytes);
  };

/** Only what is shipped has an optimum beside it. */
export const optimumLoader =
  (base: string, imported: ImportedCheckpoints): OptimumLoader =>
  async (name, oracle) => {
    if (imported.some((checkpoint) => checkpoint.name === name)) return null;
    const bytes = await fetchFile(base, name, optimumEnding(oracle));
    return bytes && new TextDecoder().decode(bytes);
  };
