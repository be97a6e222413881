import { EXIT } from './errors';

/** A terminal's Ctrl-C arrives more than once, from the terminal and from npm; a person's second comes later. */
const IMPATIENCE_MILLISECONDS = 1000;

/**
 * Calls `stop` at the first Ctrl-C (or SIGTERM); a second one ends the process at once. Returns a function that
 * takes the handlers away.
 */
export function onInterrupt(stop: () => void): () => void {
  let first: number | null = null;
  const handler = () => {
    if (first !== null && performance.now() - first > IMPATIENCE_MILLISECONDS) process.exit(EXIT.interrupted);
    if (first !== null) return;
    first = performance.now();
    stop();
  };
  process.on('SIGINT', handler);
  process.on('SIGTERM', handler);
  return () => {
    process.off('SIGINT', handler);
    process.off('SIGTERM', handler);
  };
}
