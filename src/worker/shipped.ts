/** SHA-256 of each file that the build ships, in hexadecimal; none in the development server, where they change. */
const HASHES = JSON.parse(String(import.meta.env['VITE_SHIPPED'] ?? '{}')) as Readonly<Record<string, string>>;

/** Whether the build ships a file; where its files are not known, whoever fetches it finds out. */
const isShipped = (name: string): boolean => Object.keys(HASHES).length === 0 || Object.hasOwn(HASHES, name);

/**
 * Fetches a file that the page ships; null where there is none. What does not fit its hash (cut off, damaged, or another
 * file in its place) is fetched once more, past the browser's cache, and never used. Throws an Error with a sentence.
 *
 * @param name of the file in the build, such as "checkpoints/reviews.safetensors"
 */
export async function fetchShipped(url: string | URL, name: string, signal?: AbortSignal): Promise<ArrayBuffer | null> {
  if (!isShipped(name)) return null;
  let problem = '';
  for (const cache of ['default', 'reload'] as const) {
    let response: Response;
    try {
      response = await fetch(url, { cache, ...(signal ? { signal } : {}) });
    } catch (error) {
      if (signal?.aborted) throw error;
      problem = `${name} cannot be fetched: the network or the server does not answer`;
      continue;
    }
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`${name} cannot be fetched (status ${response.status})`);
    const bytes = await response.arrayBuffer().catch(() => null);
    if (bytes && (await isWhole(name, bytes))) return bytes;
    problem = `${name} arrived damaged, twice: it is not the file that this page was built with`;
  }
  throw new Error(problem);
}

/** A JSON document that the page ships; null where there is none. */
export async function fetchShippedJson(name: string): Promise<unknown> {
  const bytes = await fetchShipped(name, name);
  if (!bytes) return null;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch (error) {
    throw new Error(`${name} is not the JSON that it should be`, { cause: error });
  }
}

async function isWhole(name: string, bytes: ArrayBuffer): Promise<boolean> {
  const expected = HASHES[name];
  // Pages that are served without TLS have no digests.
  if (expected === undefined || !globalThis.crypto?.subtle) return true;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') === expected;
}
