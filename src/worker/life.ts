/**
 * Whether a worker lives. One that closes itself, or that the browser takes away, says nothing; but it lets go of its
 * locks. Without locks (a page served without TLS) nobody notices.
 */

const locks = (): LockManager | undefined => ('locks' in navigator ? navigator.locks : undefined);

/** In the worker: takes a lock for as long as it lives and returns the lock's name, or null. */
export function holdLife(): Promise<string | null> {
  const manager = locks();
  const name = `pilaf-lab worker ${crypto.getRandomValues(new Uint32Array(2)).join('-')}`;
  return new Promise((resolve) => {
    if (!manager) return resolve(null);
    const live = () => {
      resolve(name);
      return new Promise(() => undefined);
    };
    void manager.request(name, live).catch(() => resolve(null));
  });
}

/** In the page: calls back once the worker that holds this lock is gone. */
export function whenGone(life: string, then: () => void): void {
  void locks()
    ?.request(life, then)
    .catch(() => undefined);
}
