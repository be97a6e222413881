/** From the page; a worker makes others of its own kind from its own address. */
export const createThread = (): Worker => new Worker(new URL('./entry.ts', import.meta.url), { type: 'module' });
