import { EXIT } from './errors';

/** Signals that ask a process to end. */
export const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A terminal's Ctrl-C arrives more than once, from the terminal and from npm; a person's second comes later. */
const IMPATIENCE_MILLISECONDS = 1000;

/**
 * Calls `stop` at the first Ctrl-C, SIGTERM, or SIGHUP of a terminal that closes; a second one ends the process at once.
 * Returns a function that takes the handlers away.
 */
export function onInterrupt(stop: () => void): () => void {
  let first: number | null = null;
  const handler = () => {
    if (first !== null && performance.now() - first > IMPATIENCE_MILLISECONDS) process.exit(EXIT.interrupted);
    if (first !== null) return;
    first = performance.now();
    stop();
  };
  for (const signal of INTERRUPTS) process.on(signal, handler);
  return () => {
    for (const signal of INTERRUPTS) process.off(signal, handler);
  };
}
