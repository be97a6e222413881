import { recall, remember } from '../kit/remembered';

const NAME = 'awake';

/** Keeps the screen awake while a race runs, where the browser can and somebody has asked for it. */
export class WakeLock {
  readonly possible: boolean = 'wakeLock' in navigator;
  wanted = $state(recall(NAME) === 'yes');
  #running = false;
  #asking = false;
  #lock: WakeLockSentinel | null = null;

  open(): () => void {
    // A browser takes it back from a page that is hidden.
    const seen = () => void this.#settle();
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }

  want(wanted: boolean): void {
    this.wanted = wanted;
    remember(NAME, wanted ? 'yes' : 'no');
    void this.#settle();
  }

  /** A race runs, or none. */
  follow(running: boolean): void {
    this.#running = running;
    void this.#settle();
  }

  #isDue(): boolean {
    return this.possible && this.wanted && this.#running && document.visibilityState === 'visible';
  }

  async #settle(): Promise<void> {
    // Who asks now settles what has changed in the meantime.
    if (this.#asking) return;
    if (!this.#isDue()) {
      const lock = this.#lock;
      this.#lock = null;
      await lock?.release();
    } else if (!this.#lock || this.#lock.released) {
      this.#asking = true;
      // Where a battery is low it may be refused: the race runs on all the same.
      this.#lock = await navigator.wakeLock.request('screen').catch(() => null);
      this.#asking = false;
      if (!this.#isDue()) await this.#settle();
    }
  }
}
