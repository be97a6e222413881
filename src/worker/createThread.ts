import address from './entry.ts?worker&url';
import { trustedScript } from './trusted';

/** From the page; a worker makes others of its own kind from its own address. */
export const createThread = (): Worker => new Worker(trustedScript(address), { type: 'module' });
