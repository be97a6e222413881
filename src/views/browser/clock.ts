/** The date that a run is filed under, as ISO 8601; no number of a run depends on it. */
export function today(): string {
  // eslint-disable-next-line no-restricted-syntax -- this is what a clock is for
  return new Date().toISOString();
}

/** Milliseconds, monotonic; for the time that something takes. */
export function now(): number {
  // eslint-disable-next-line no-restricted-properties -- likewise
  return performance.now();
}
