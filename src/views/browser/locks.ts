/**
 * Locks that all tabs of the page share; the browser frees a tab's locks when it goes. Without them (a page served
 * without TLS) every lock counts as free.
 */

/** Returns what lets go of it. */
export function holdLock(name: string): () => void {
  let release = () => undefined as void;
  const held = new Promise<void>((resolve) => (release = resolve));
  void locks()
    ?.request(name, () => held)
    .catch(() => undefined);
  return release;
}

/** Takes a lock if nobody holds it. Returns what lets go of it; null where another tab, or this one, has it. */
export function takeLock(name: string): Promise<(() => void) | null> {
  const manager = locks();
  return new Promise((resolve) => {
    if (!manager) return resolve(() => undefined);
    const use = (lock: Lock | null) => {
      if (!lock) return resolve(null);
      return new Promise<void>((release) => resolve(release));
    };
    void manager.request(name, { ifAvailable: true }, use).catch(() => resolve(() => undefined));
  });
}

/** Calls back at once, or when the tab that holds the lock has let go of it. */
export function whenFree(name: string, then: () => void): void {
  const manager = locks();
  if (!manager) then();
  else void manager.request(name, then).catch(then);
}

const locks = (): LockManager | undefined => ('locks' in navigator ? navigator.locks : undefined);
