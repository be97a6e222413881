/** Milliseconds from one nudge to the next. */
const EVERY = 1;

/** The device that runs; one before it may have been lost. */
let present: GPUDevice | null = null;

/** Calls `nudge` again and again until a promise has settled. */
export function nudgeWhile<T>(awaited: Promise<T>, nudge: () => void): Promise<T> {
  const timer = setInterval(nudge, EVERY);
  nudge();
  return awaited.finally(() => clearInterval(timer));
}

/**
 * Firefox looks every 100 ms whether a GPU has finished (bug 1870699), and at every submit: one that is empty makes it
 * look at once, so that a read-back need not wait (as jax-js does, pull request 124). Other browsers tell by themselves.
 */
export function nudgeReadBacks(device: GPUDevice, agent: string): void {
  if (!/firefox/i.test(agent)) return;
  const isFirst = present === null;
  present = device;
  if (!isFirst) return;
  type Map = (this: GPUBuffer, ...given: Parameters<GPUBuffer['mapAsync']>) => Promise<undefined>;
  const mapAsync = Reflect.get(GPUBuffer.prototype, 'mapAsync') as Map;
  GPUBuffer.prototype.mapAsync = function (...given) {
    return nudgeWhile(mapAsync.apply(this, given), () => present?.queue.submit([]));
  };
}
