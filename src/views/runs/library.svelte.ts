import { runSummary } from '../../analysis/runSummary';
import type { NamedResults } from '../../experiment/documents/resultsFile';
import type { Results } from '../../experiment/documents/results';
import { nameApart, presetOf, uniqueName } from '../../experiment/documents/runName';
import { askToPersist, noteRuns, notedRuns, promised, type Promised } from '../browser/persistence';
import type { RunEntry, Storage } from '../browser/storage';

export interface NewRun extends NamedResults {
  readonly id: string;
  readonly date: string;
  readonly source: RunEntry['source'];
}

interface Removed {
  readonly entry: RunEntry;
  readonly results: Results;
}

/** All runs that this browser keeps. What it refuses to keep stays until the page closes, and the page says so. */
export class Library {
  /** Newest first. */
  entries = $state.raw<readonly RunEntry[]>([]);
  /** What is not stored, in a sentence; null while everything is. */
  trouble = $state<string | null>(null);
  /** What was deleted last and can come back. */
  removed = $state.raw<readonly Removed[]>([]);
  /** What the browser says of how long it keeps them. */
  promised = $state<Promised>('unknown');

  readonly #storage: Storage;
  #asked = false;
  /** Results that are not stored. */
  readonly #memory: Record<string, Results> = {};

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Reads what is stored; also what another tab has added since. */
  async open(): Promise<void> {
    try {
      this.promised = await promised();
      const held = await this.#storage.runCount();
      // Nothing is waited for after it: a run that ends meanwhile must not go from the list.
      const stored = await this.#storage.runs();
      const before = notedRuns();
      if (held === 0 && before > 0) this.trouble = goneText(before);
      noteRuns(stored.length);
      const unstored = this.entries.filter(({ id }) => id in this.#memory);
      this.#show([...stored.filter(({ id }) => !(id in this.#memory)), ...unstored]);
    } catch (error) {
      this.trouble = `This browser does not let the page store anything (${reasonOf(error)}), so runs are listed only until the page closes and cannot go on after a reload.`;
    }
  }

  /**
   * Adds a run, or what it has become; its name and notes are then as somebody may have changed them. Returns whether it
   * is stored.
   */
  async add({ id, name, notes, date, source, results }: NewRun): Promise<boolean> {
    const apart = source === 'import' ? name : await this.#nameApart(name, results);
    const known = this.entries.find((entry) => entry.id === id);
    const taken = this.entries.map((entry) => entry.name);
    const entry: RunEntry = {
      id,
      name: known?.name ?? uniqueName(apart, taken),
      notes: known?.notes ?? notes,
      date,
      preset: presetOf(results.config)?.id ?? null,
      source,
      summary: runSummary(results),
    };
    return this.#put(entry, results);
  }

  /** With what differs from the oldest run of that name, so that a list of many tells them apart. */
  async #nameApart(name: string, { config }: Results): Promise<string> {
    const namesake = this.entries.findLast((entry) => entry.name === name);
    const other = namesake && (await this.results(namesake.id));
    return other ? nameApart(name, config, other.config) : name;
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#update(id, { name });
  }

  async note(id: string, notes: string): Promise<void> {
    await this.#update(id, { notes });
  }

  async results(id: string): Promise<Results | null> {
    const kept = this.#memory[id];
    if (kept) return kept;
    try {
      return (await this.#storage.results(id)) ?? null;
    } catch (error) {
      this.trouble = `The results of “${this.#nameOf(id)}” cannot be read (${reasonOf(error)}).`;
      return null;
    }
  }

  /** Runs with their results, in the list's order. */
  async named(ids: readonly string[]): Promise<NamedResults[]> {
    const found = this.entries.filter(({ id }) => ids.includes(id));
    const results = await Promise.all(found.map(({ id }) => this.results(id)));
    return found.flatMap(({ name, notes, date }, i) => {
      const own = results[i];
      return own ? [{ name, notes, date, results: own }] : [];
    });
  }

  /** Only the last removal can be undone. */
  async remove(ids: readonly string[]): Promise<void> {
    const removed: Removed[] = [];
    for (const entry of this.entries.filter(({ id }) => ids.includes(id))) {
      const results = await this.results(entry.id);
      if (results) removed.push({ entry, results });
    }
    this.#show(this.entries.filter(({ id }) => !ids.includes(id)));
    this.removed = removed;
    for (const id of ids) {
      delete this.#memory[id];
      await this.#storage.removeRun(id).catch((error: unknown) => {
        this.trouble = `“${removed.find(({ entry }) => entry.id === id)?.entry.name ?? ''}” could not be deleted for good (${reasonOf(error)}).`;
      });
    }
  }

  /** Brings back what was deleted last; returns the first one's id. */
  async undo(): Promise<string | null> {
    const { removed } = this;
    this.removed = [];
    for (const { entry, results } of removed) await this.#put(entry, results);
    return removed[0]?.entry.id ?? null;
  }

  async #put(entry: RunEntry, results: Results): Promise<boolean> {
    let shown = entry;
    try {
      shown = await this.#storage.addRun(entry, results);
      delete this.#memory[entry.id];
      // A browser may leave the question to its reader, and the answer open for ever.
      void this.#ask();
    } catch (error) {
      this.#memory[entry.id] = results;
      this.trouble = `“${entry.name}” is not stored (${reasonOf(error)}): it is listed only until the page closes, so export it to keep it.`;
    }
    this.#show([shown, ...this.entries.filter(({ id }) => id !== entry.id)]);
    return !(entry.id in this.#memory);
  }

  /** Some browsers ask the reader: once a visit is enough. */
  async #ask(): Promise<void> {
    if (this.#asked || this.promised === 'kept') return;
    this.#asked = true;
    this.promised = await askToPersist();
  }

  async #update(id: string, change: Partial<Pick<RunEntry, 'name' | 'notes'>>): Promise<void> {
    const known = this.entries.find((entry) => entry.id === id);
    if (!known) return;
    const entry = { ...known, ...change };
    this.#show(this.entries.map((other) => (other.id === id ? entry : other)));
    if (id in this.#memory) return;
    try {
      const stored = await this.#storage.changeRun(id, change);
      this.#show(this.entries.flatMap((other) => (other.id !== id ? [other] : stored ? [stored] : [])));
    } catch (error) {
      this.trouble = `The change to “${entry.name}” is not stored (${reasonOf(error)}).`;
    }
  }

  #show(entries: readonly RunEntry[]): void {
    this.entries = entries.toSorted((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0));
    noteRuns(this.entries.filter(({ id }) => !(id in this.#memory)).length);
  }

  #nameOf(id: string): string {
    return this.entries.find((entry) => entry.id === id)?.name ?? '';
  }
}

const goneText = (count: number): string =>
  `${count === 1 ? 'A run that was' : `${count} runs that were`} stored here ${count === 1 ? 'is' : 'are'} gone: the browser has cleared its storage, as it does where space is short or a page was long not visited, or somebody has. Export what you want to keep.`;

/** Why the browser refused, in words. */
export function reasonOf(error: unknown): string {
  const { name, message } = error instanceof Error || error instanceof DOMException ? error : new Error(String(error));
  if (name === 'QuotaExceededError') return 'its storage is full';
  if (name === 'SecurityError' || name === 'InvalidStateError') return 'its settings or a private window forbid it';
  return message || name;
}
