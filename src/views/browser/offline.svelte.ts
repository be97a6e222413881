import { Workbox } from 'workbox-window';
import type { Refusal } from '../../offline/messages';
import { trustedScript } from '../../worker/trusted';

/** Milliseconds after the page has opened: its first experiment comes before what is kept for another day. */
const DELAY = 3000;

/**
 * Keeps the built page for when there is no network. A newer version waits until somebody asks for it: what runs in any
 * tab is never taken away from under it.
 */
export class Offline {
  /** Whether a newer version waits. */
  update = $state(false);
  /** Why it waits on, in a sentence. */
  problem = $state<string | null>(null);
  #workbox: Workbox | null = null;

  open(): void {
    // The development server's files change; and without TLS there are no service workers.
    if (import.meta.env.DEV || !('serviceWorker' in navigator)) return;
    const workbox = new Workbox(trustedScript('serviceWorker.js'));
    this.#workbox = workbox;
    workbox.addEventListener('waiting', () => (this.update = true));
    workbox.addEventListener('message', ({ data }) => {
      const { type, count } = data as Refusal;
      if (type !== 'otherTabs') return;
      workbox.removeEventListener('controlling', reload);
      const tabs = count === 1 ? 'Another tab has' : `${count} other tabs have`;
      this.problem = `${tabs} this page open: close them first, for they may be racing.`;
    });
    setTimeout(() => {
      // Where it is refused, or there is no network, the page works as before.
      workbox.register().catch(() => undefined);
    }, DELAY);
  }

  /** Opens the page again in its newer version, unless another tab has it. */
  take(): void {
    this.problem = null;
    this.#workbox?.addEventListener('controlling', reload);
    this.#workbox?.messageSkipWaiting();
  }
}

const reload = (): void => location.reload();
