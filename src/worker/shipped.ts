interface ShippedFile {
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
  readonly bytes: number;
}

/** Each file that the build ships; none in the development server, where they change. */
const FILES = JSON.parse(String(import.meta.env['VITE_SHIPPED'] ?? '{}')) as Readonly<
  Partial<Record<string, ShippedFile>>
>;

/** Whether the build ships a file; where its files are not known, whoever fetches it finds out. */
const isShipped = (name: string): boolean => Object.keys(FILES).length === 0 || Object.hasOwn(FILES, name);

/** What is large is kept here, by its hash, so that it is fetched once: it comes only where somebody chooses it. */
const KEPT = 'pilaf-lab-models';

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether the browser is asked to keep it for the next visit, also one without a network. */
  readonly keeps?: boolean | undefined;
  /** Called as bytes arrive, with their number and, where it is known, that of all. */
  readonly onProgress?: ((bytes: number, all: number | null) => void) | undefined;
}

/**
 * Fetches a file that the page ships; null where there is none. What does not fit its hash (cut off, damaged, or another
 * file in its place) is fetched once more, past the browser's cache, and never used. Throws an Error with a sentence.
 *
 * @param name of the file in the build, such as "checkpoints/reviews.safetensors"
 */
export async function fetchShipped(
  url: string | URL,
  name: string,
  { signal, keeps = false, onProgress }: FetchOptions = {},
): Promise<ArrayBuffer | null> {
  if (!isShipped(name)) return null;
  const shelf = keeps ? await shelfFor(name) : null;
  const kept = await shelf?.take().catch(() => null);
  if (kept && (await isWhole(name, kept))) return kept;
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
    const bytes = await read(name, response, onProgress).catch(() => null);
    if (bytes && (await isWhole(name, bytes))) {
      // A full or broken storage is no reason not to race.
      await shelf?.put(bytes).catch(() => undefined);
      return bytes;
    }
    problem = `${name} arrived damaged, twice: it is not the file that this page was built with`;
  }
  throw new Error(problem);
}

/** The body, told as it arrives. */
async function read(name: string, response: Response, onProgress: FetchOptions['onProgress']): Promise<ArrayBuffer> {
  if (!onProgress || !response.body) return response.arrayBuffer();
  // What a server packs on its way has another length, or none; that of development packs nothing.
  const all = FILES[name]?.bytes ?? (Number(response.headers.get('content-length')) || null);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(chunks).arrayBuffer();
    chunks.push(value);
    onProgress((bytes += value.length), all);
  }
}

interface Shelf {
  readonly take: () => Promise<ArrayBuffer | null>;
  readonly put: (bytes: ArrayBuffer) => Promise<void>;
}

/** Where a file lies between visits; null where its hash is not known or the browser keeps nothing. */
async function shelfFor(name: string): Promise<Shelf | null> {
  const hash = FILES[name]?.hash;
  if (hash === undefined || !globalThis.caches) return null;
  try {
    const cache = await caches.open(KEPT);
    const key = `/${name}?${hash}`;
    return {
      take: async () => (await cache.match(key))?.arrayBuffer() ?? null,
      async put(bytes) {
        // Those of other versions of the page are of no use any more.
        const others = (await cache.keys()).filter((request) => new URL(request.url).pathname === `/${name}`);
        await Promise.all(others.map((request) => cache.delete(request)));
        await cache.put(key, new Response(bytes));
      },
    };
  } catch {
    return null;
  }
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
  const expected = FILES[name]?.hash;
  // Pages that are served without TLS have no digests.
  if (expected === undefined || !globalThis.crypto?.subtle) return true;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') === expected;
}
