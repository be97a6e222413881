import { openDB, type DBSchema, type IDBPDatabase, type StoreNames } from 'idb';
import type { RunSummary } from '../../analysis/runSummary';
import type { BackendInfo, Results } from '../../experiment/documents/results';
import type { CheckpointKind } from '../../experiment/config/tasks';
import type { ExperimentConfig } from '../../experiment/config/schema';
import { firstProblem, type Parsed } from '../../experiment/reading';
import { parseStoredRun, parseStoredState, parseStoredSweep } from '../../experiment/documents/stored';
import type { SweepResults } from '../../experiment/documents/sweepResults';

/** A run as the list shows it; its results lie apart, because they are large. */
export interface RunEntry {
  readonly id: string;
  readonly name: string;
  readonly notes: string;
  /** ISO 8601. */
  readonly date: string;
  readonly preset: string | null;
  readonly source: 'page' | 'import';
  readonly summary: RunSummary;
}

/** What is said about an experiment that can go on; its bytes lie apart. */
export interface StoredState {
  /** The run that it will be. */
  readonly id: string;
  readonly name: string;
  readonly config: ExperimentConfig;
  readonly step: number;
  readonly backend: BackendInfo;
  /** ISO 8601, of the saving. */
  readonly date: string;
  /** Grows with every saving, in all tabs; unlike the date it never goes back with the clock. */
  readonly order: number;
}

/** A sweep and the cells that it has so far. */
export interface StoredSweep {
  readonly id: string;
  readonly name: string;
  /** ISO 8601, of its start or import. */
  readonly date: string;
  readonly source: 'page' | 'import';
  /** The backend is null before the first cell. */
  readonly results: Omit<SweepResults, 'backend'> & { readonly backend: BackendInfo | null };
}

/** A checkpoint that somebody has imported. */
export interface StoredCheckpoint {
  /** Ends with the hash of its bytes. */
  readonly name: string;
  readonly bytes: Blob;
  /** Absent in what older pages have stored: reviews. */
  readonly task?: CheckpointKind;
}

/** A record that this version cannot read, and why. */
export interface BadRecord {
  readonly store: 'runs' | 'states' | 'sweeps';
  readonly problem: string;
  readonly record: unknown;
}

interface Schema extends DBSchema {
  runs: { key: string; value: RunEntry };
  results: { key: string; value: Results };
  states: { key: string; value: StoredState };
  bytes: { key: string; value: Blob };
  sweeps: { key: string; value: StoredSweep };
  checkpoints: { key: string; value: StoredCheckpoint };
}

const NAME = 'pilaf-lab';
const VERSION = 2;

function upgrade(database: IDBPDatabase<Schema>, from: number): void {
  if (from < 1) {
    database.createObjectStore('runs', { keyPath: 'id' });
    database.createObjectStore('results');
    database.createObjectStore('states', { keyPath: 'id' });
    database.createObjectStore('bytes');
  }
  if (from < 2) {
    database.createObjectStore('sweeps', { keyPath: 'id' });
    database.createObjectStore('checkpoints', { keyPath: 'name' });
  }
}

/** What outlasts the page, in the browser's IndexedDB. Every method rejects where the browser refuses. */
export class Storage {
  #database: Promise<IDBPDatabase<Schema>> | null = null;
  #blocked = false;
  /** When the last change is over. */
  #changed: Promise<unknown> = Promise.resolve();
  readonly #report: (store: BadRecord['store'], found: readonly BadRecord[]) => void;

  /** @param report hears of the records that cannot be read, each time that a store is read */
  constructor(report: (store: BadRecord['store'], found: readonly BadRecord[]) => void) {
    this.#report = report;
  }

  async runs(): Promise<RunEntry[]> {
    return this.#readable('runs', parseStoredRun);
  }

  /** With those that this version cannot read. */
  async runCount(): Promise<number> {
    return (await this.#open()).count('runs');
  }

  async results(id: string): Promise<Results | undefined> {
    return (await this.#open()).get('results', id);
  }

  /** Returns what is stored now: a name and notes that another tab has given the run stay. */
  addRun(entry: RunEntry, results: Results): Promise<RunEntry> {
    return this.#inTurn(async (database) => {
      const transaction = database.transaction(['runs', 'results'], 'readwrite');
      const known = await transaction.objectStore('runs').get(entry.id);
      const stored = known ? { ...entry, name: known.name, notes: known.notes } : entry;
      await Promise.all([
        transaction.objectStore('runs').put(stored),
        transaction.objectStore('results').put(results, entry.id),
        transaction.done,
      ]);
      const kept = await database.get('results', entry.id);
      if (!kept || !areSame(kept, results)) throw new Error(NOT_BACK);
      return stored;
    });
  }

  /** Changes only what it is given, so that another tab's changes stay. Null where the run is gone. */
  changeRun(id: string, change: Partial<Pick<RunEntry, 'name' | 'notes'>>): Promise<RunEntry | null> {
    return this.#inTurn(async (database) => {
      const transaction = database.transaction('runs', 'readwrite');
      const known = await transaction.store.get(id);
      const changed = known ? { ...known, ...change } : null;
      if (changed) await transaction.store.put(changed);
      await transaction.done;
      return changed;
    });
  }

  removeRun(id: string): Promise<void> {
    return this.#remove(['runs', 'results'], id);
  }

  async states(): Promise<StoredState[]> {
    return this.#readable('states', parseStoredState);
  }

  async bytes(id: string): Promise<Blob | undefined> {
    return (await this.#open()).get('bytes', id);
  }

  saveState(state: Omit<StoredState, 'order'>, bytes: Blob): Promise<void> {
    return this.#inTurn(async (database) => {
      const transaction = database.transaction(['states', 'bytes'], 'readwrite');
      const states = await transaction.objectStore('states').getAll();
      // States of older versions have no order.
      const order = Math.max(0, ...states.map((other) => (other.order as number | undefined) ?? 0)) + 1;
      await Promise.all([
        transaction.objectStore('states').put({ ...state, order }),
        transaction.objectStore('bytes').put(bytes, state.id),
        transaction.done,
      ]);
      const kept = await database.get('bytes', state.id);
      if (kept?.size !== bytes.size) throw new Error(NOT_BACK);
    });
  }

  removeState(id: string): Promise<void> {
    return this.#remove(['states', 'bytes'], id);
  }

  async sweeps(): Promise<StoredSweep[]> {
    return this.#readable('sweeps', parseStoredSweep);
  }

  /** Stores a sweep with the cells that are stored already, in one transaction. Returns what is stored now. */
  saveSweep(sweep: StoredSweep): Promise<StoredSweep> {
    return this.#inTurn(async (database) => {
      const transaction = database.transaction('sweeps', 'readwrite');
      const known = await transaction.store.get(sweep.id);
      const whole = known ? withCellsOf(sweep, known) : sweep;
      await Promise.all([transaction.store.put(whole), transaction.done]);
      const kept = await database.get('sweeps', sweep.id);
      // Another tab may have added cells since.
      if (!kept || kept.results.cells.length < whole.results.cells.length) throw new Error(NOT_BACK);
      return whole;
    });
  }

  removeSweep(id: string): Promise<void> {
    return this.#remove(['sweeps'], id);
  }

  async checkpoints(): Promise<StoredCheckpoint[]> {
    return (await this.#open()).getAll('checkpoints');
  }

  addCheckpoint(checkpoint: StoredCheckpoint): Promise<void> {
    return this.#inTurn(async (database) => {
      await database.put('checkpoints', checkpoint);
      const kept = await database.get('checkpoints', checkpoint.name);
      if (kept?.bytes.size !== checkpoint.bytes.size) throw new Error(NOT_BACK);
    });
  }

  removeCheckpoint(name: string): Promise<void> {
    return this.#remove(['checkpoints'], name);
  }

  /** What lies apart of a record that this version cannot read: a run's results, a state's bytes. */
  async apart({ store, record }: BadRecord): Promise<{ readonly results?: unknown; readonly bytes?: Blob }> {
    const { id } = (record ?? {}) as { readonly id?: unknown };
    if (typeof id !== 'string' || store === 'sweeps') return {};
    const database = await this.#open();
    if (store === 'runs') return { results: await database.get('results', id) };
    const bytes = await database.get('bytes', id);
    return bytes ? { bytes } : {};
  }

  /** Deletes a record from all of these stores, or from none. */
  #remove(stores: readonly StoreNames<Schema>[], key: string): Promise<void> {
    return this.#inTurn(async (database) => {
      const transaction = database.transaction(stores, 'readwrite');
      await Promise.all([...stores.map((store) => transaction.objectStore(store).delete(key)), transaction.done]);
    });
  }

  /** One change after another: what one has written is read back before the next may take its place. */
  #inTurn<T>(change: (database: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
    const turn = this.#changed.then(() => this.#open()).then(change);
    this.#changed = turn.catch(() => undefined);
    return turn;
  }

  /** All records of a store that this version can read; the others stay stored and are reported. */
  async #readable<T>(store: BadRecord['store'], parse: (record: unknown) => Parsed<T>): Promise<T[]> {
    const records: readonly unknown[] = await (await this.#open()).getAll(store);
    const good: T[] = [];
    const bad: BadRecord[] = [];
    for (const record of records) {
      const parsed = parse(record);
      if (parsed.ok) good.push(parsed.value);
      else bad.push({ store, problem: firstProblem(parsed.problems), record });
    }
    this.#report(store, bad);
    return good;
  }

  /** Rejects while an older page in another tab holds the storage: that may last for ever. */
  #open(): Promise<IDBPDatabase<Schema>> {
    if (this.#blocked) return Promise.reject(new Error(HELD));
    this.#database ??= new Promise((resolve, reject) => {
      const opening = openDB<Schema>(NAME, VERSION, {
        upgrade,
        blocked: () => {
          this.#blocked = true;
          reject(new Error(HELD));
        },
        // A newer page in another tab waits for this one to let go.
        blocking: () => this.#forget(),
        terminated: () => this.#forget(),
      });
      const settle = () => {
        if (this.#blocked) this.#database = opening;
        this.#blocked = false;
      };
      opening.then(settle, settle);
      opening.then(resolve, (error: DOMException) => {
        reject(error.name === 'VersionError' ? new Error(NEWER) : error);
      });
    });
    return this.#database;
  }

  #forget(): void {
    const database = this.#database;
    this.#database = null;
    void database?.then((open) => open.close());
  }
}

/** By what tells runs apart; all of their numbers would hold the page up. */
function areSame(a: Results, b: Results): boolean {
  const marks = ({ runs }: Results) =>
    runs.map(({ hash, evaluations }) => [hash, evaluations.length, evaluations.at(-1)?.objective]);
  return JSON.stringify(marks(a)) === JSON.stringify(marks(b));
}

const NOT_BACK = 'what was written does not come back';

const NEWER = 'a newer version of this page has written there; reload to get it';

const HELD = 'an older version of this page holds the storage; close its other tabs and reload';

/** A sweep with another version's cells beside its own, by number. */
export function withCellsOf(sweep: StoredSweep, other: StoredSweep): StoredSweep {
  const own = new Set(sweep.results.cells.map(({ number }) => number));
  const cells = [...sweep.results.cells, ...other.results.cells.filter(({ number }) => !own.has(number))];
  const backend = sweep.results.backend ?? other.results.backend;
  return { ...sweep, results: { ...sweep.results, backend, cells: cells.sort((a, b) => a.number - b.number) } };
}
