import { runName } from '../../experiment/documents/runName';
import type { BackendInfo, Results } from '../../experiment/documents/results';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { today } from '../browser/clock';
import { newId } from '../browser/ids';
import { reasonOf, type Library } from '../runs/library.svelte';
import { holdLock, takeLock, whenFree } from '../browser/locks';
import { nextTask } from '../browser/nextTask';
import type { StoredState, Storage } from '../browser/storage';

type Current = Pick<StoredState, 'id' | 'name' | 'config' | 'backend'>;

interface Kept {
  readonly state: StoredState;
  readonly bytes: Blob;
}

/** Tells the other tabs that a state went on, or is gone. */
const CHANNEL = 'pilaf-lab/states';

/** States of runs that never went on are dropped beyond this many, oldest first: each may have hundreds of megabytes. */
const MOST_STATES = 10;

/**
 * Keeps what a race must not lose: its state while it runs, so that it can go on after a reload or a crash, and its
 * results when it ends.
 */
export class Keeper {
  /** Experiments that can go on, newest first. */
  offers = $state.raw<readonly StoredState[]>([]);

  readonly #storage: Storage;
  readonly #library: Library;
  #current: Current | null = null;
  #release: (() => void) | null = null;
  /** The race's last state, also where nothing can be stored. */
  #last: Kept | null = null;
  /** Of a race that broke and is not stored. */
  #unstored: Kept | null = null;
  /** The state that somebody wants to go on with, until it does. */
  #claim: { readonly id: string; readonly release: () => void } | null = null;
  readonly #channel = new BroadcastChannel(CHANNEL);

  constructor(storage: Storage, library: Library) {
    this.#storage = storage;
    this.#library = library;
    // It comes back when the other tab is gone and has left a state.
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data !== 'string' || data === this.#current?.id) return;
      this.#withdraw(data);
      whenFree(lockName(data), () => void this.#offer(data));
    };
  }

  /** Offers what another page has left; what still runs in another tab is offered only once that is gone. */
  async open(): Promise<void> {
    const states = await this.#storage.states().catch(() => []);
    for (const { id } of states) whenFree(lockName(id), () => void this.#offer(id));
  }

  /** The bytes of an offer, for this tab alone; null where it goes on elsewhere or cannot be read, which is then said. */
  async claim(state: StoredState): Promise<Blob | null> {
    const release = await this.#take(state);
    if (!release) return null;
    const bytes = await this.#bytes(state);
    if (!bytes) {
      release();
      return null;
    }
    this.#claim = { id: state.id, release };
    this.#tell(state.id);
    return bytes;
  }

  /** What was claimed does not go on: it is for whoever wants it again. */
  unclaim(): void {
    this.#claim?.release();
    this.#claim = null;
  }

  /** The lock of an offer that nobody has taken. */
  async #take({ id, name }: StoredState): Promise<(() => void) | null> {
    const release = await takeLock(lockName(id));
    if (release) return release;
    this.#withdraw(id);
    this.#library.trouble = `“${name}” goes on in another tab.`;
    return null;
  }

  async #bytes({ id, name }: StoredState): Promise<Blob | null> {
    if (id === this.#unstored?.state.id) return this.#unstored.bytes;
    try {
      const bytes = await this.#storage.bytes(id);
      if (bytes) return bytes;
      throw new Error('it is gone');
    } catch (error) {
      this.#library.trouble = `The state of “${name}” cannot be read (${reasonOf(error)}), so it cannot go on.`;
      return null;
    }
  }

  async discard(state: StoredState): Promise<void> {
    const release = await this.#take(state);
    if (!release) return;
    if (state.id === this.#unstored?.state.id) this.#unstored = null;
    this.#withdraw(state.id);
    await this.#remove(state.id);
    release();
    this.#tell(state.id);
  }

  /** A race has begun; `from`: where it goes on. */
  began(config: ExperimentConfig, backend: BackendInfo, from: StoredState | null): void {
    const claim = this.#claim;
    this.#claim = null;
    this.#leave();
    this.#last = null;
    this.#current = { id: from?.id ?? newId(), name: from?.name ?? runName(config), config, backend };
    if (from) this.#withdraw(from.id);
    if (claim?.id === from?.id) this.#release = claim?.release ?? null;
    else claim?.release();
    this.#release ??= holdLock(lockName(this.#current.id));
  }

  /** The same race goes on, after its worker was lost; on another backend, maybe. */
  goesOn(backend: BackendInfo): void {
    if (this.#current) this.#current = { ...this.#current, backend };
  }

  async snapshot(step: number, bytes: Blob): Promise<void> {
    const current = this.#current;
    if (!current) return;
    const state = { ...current, step, date: today() };
    this.#last = { state: { ...state, order: Infinity }, bytes };
    try {
      await this.#storage.saveState(state, bytes);
    } catch (error) {
      this.#sayUnstored(current, reasonOf(error));
    }
  }

  /** The race's state could not be made. */
  unstored(reason: string): void {
    if (this.#current) this.#sayUnstored(this.#current, reason);
  }

  #sayUnstored({ name }: Current, reason: string): void {
    this.#library.trouble = `The state of “${name}” is not stored (${reason}): after a reload it goes on from an earlier step, or not at all.`;
  }

  /**
   * The race is over. Its results are kept where it has any; null where somebody threw them away. Where they cannot be
   * stored its state stays: after a reload the results can be made again from it.
   */
  async ended(results: (() => Results) | null): Promise<void> {
    const current = this.#current;
    const release = this.#release;
    this.#current = null;
    this.#release = null;
    this.#last = null;
    if (!current) return;
    if (await this.#file(current, results)) await this.#remove(current.id);
    // Only now: a tab that waits for the lock must not find the state.
    release?.();
  }

  /** The race broke: it can go on from its last state, and what it has shown is kept. */
  async broke(results: (() => Results) | null): Promise<void> {
    this.unclaim();
    const current = this.#leave();
    if (!current) return;
    this.#unstored = this.#last?.state.id === current.id ? this.#last : null;
    await this.#offer(current.id);
    await this.#file(current, results);
  }

  #leave(): Current | null {
    const current = this.#current;
    this.#release?.();
    this.#current = null;
    this.#release = null;
    return current;
  }

  /** Returns whether nothing is lost when the page closes. */
  async #file({ id, name }: Current, results: (() => Results) | null): Promise<boolean> {
    if (!results) return true;
    // In tasks of their own: the last plots are being drawn, and a hundred runs are many numbers.
    await nextTask();
    const document = results();
    if (document.runs.every(({ evaluations }) => evaluations.length === 0)) return true;
    await nextTask();
    return this.#library.add({ id, name, notes: '', date: today(), source: 'page', results: document });
  }

  async #offer(id: string): Promise<void> {
    const stored = await this.#storage.states().catch(() => []);
    const isStored = (one: StoredState) => stored.some((other) => other.id === one.id && other.step >= one.step);
    if (this.#unstored && isStored(this.#unstored.state)) this.#unstored = null;
    const unstored = this.#unstored?.state;
    const states = unstored ? [...stored.filter((one) => one.id !== unstored.id), unstored] : stored;
    const offered = [id, ...this.offers.map((offer) => offer.id)];
    // What still runs in another tab is not this one's to drop.
    const free = states.filter((state) => offered.includes(state.id));
    const newest = free.toSorted((a, b) => b.order - a.order || (a.date < b.date ? 1 : -1));
    this.offers = newest.slice(0, MOST_STATES);
    const dropped: string[] = [];
    for (const { id, name, step } of newest.slice(MOST_STATES)) {
      const release = await takeLock(lockName(id));
      if (!release) continue; // It goes on in another tab.
      await this.#remove(id);
      release();
      dropped.push(`“${name}” after step ${step}`);
    }
    if (dropped.length === 0) return;
    this.#library.trouble = `Dropped was the state of ${dropped.join(', ')}: ${MOST_STATES} newer ones are stored.`;
  }

  #tell(id: string): void {
    // eslint-disable-next-line no-restricted-syntax -- to other tabs, not to a thread of this one
    this.#channel.postMessage(id);
  }

  #withdraw(id: string): void {
    this.offers = this.offers.filter((offer) => offer.id !== id);
  }

  async #remove(id: string): Promise<void> {
    // Where nothing can be stored there is nothing to remove.
    await this.#storage.removeState(id).catch(() => undefined);
  }
}

const lockName = (id: string): string => `pilaf-lab/run/${id}`;
