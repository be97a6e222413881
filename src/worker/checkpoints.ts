import { hashIn } from '../experiment/config/checkpointName';
import { optimumEnding } from '../experiment/documents/optimumFile';
import type { CheckpointLoader, OptimumLoader } from '../training/prepareTask';
import type { ImportedCheckpoints } from '../run/orders';

/** Names of shipped checkpoints only: a config from a link must not make the page fetch anything else. */
const SHIPPED_NAME = /^[a-z][a-z0-9-]{0,39}$/;

/** Milliseconds that a checkpoint may take to arrive. */
const PATIENCE = 60_000;

/** Fetches from the folder of the page at `base`. */
function fetchShipped(base: string, name: string, ending: string): Promise<Response> {
  if (hashIn(name) !== null) {
    throw new Error('this browser does not have it: import its file at More settings, Start');
  }
  if (!SHIPPED_NAME.test(name)) {
    throw new Error('the page loads only the checkpoints that it ships, such as "reviews", and those imported');
  }
  return fetch(new URL(`checkpoints/${name}.${ending}`, base), { signal: AbortSignal.timeout(PATIENCE) });
}

/** What the page has imported, else what it ships. */
export const checkpointLoader =
  (base: string, imported: ImportedCheckpoints): CheckpointLoader =>
  async (name) => {
    const own = imported.find((checkpoint) => checkpoint.name === name);
    if (own) return new Uint8Array(await own.bytes.arrayBuffer());
    const response = await fetchShipped(base, name, 'safetensors');
    if (!response.ok) throw new Error(`the page has no checkpoint of that name (status ${response.status})`);
    return new Uint8Array(await response.arrayBuffer());
  };

/** Only what is shipped has an optimum beside it. */
export const optimumLoader =
  (base: string, imported: ImportedCheckpoints): OptimumLoader =>
  async (name, oracle) => {
    if (imported.some((checkpoint) => checkpoint.name === name)) return null;
    const response = await fetchShipped(base, name, optimumEnding(oracle));
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`the page cannot fetch it (status ${response.status})`);
    return response.text();
  };
