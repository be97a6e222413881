import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { RunSummary } from '../analysis/runSummary';
import type { BackendInfo, Results } from '../experiment/results';
import type { ExperimentConfig } from '../experiment/schema';
import type { SweepResults } from '../experiment/sweepResults';

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
export interface SavedState {
  /** The run that it will be. */
  readonly id: string;
  readonly name: string;
  readonly config: ExperimentConfig;
  readonly step: number;
  readonly backend: BackendInfo;
  /** ISO 8601, of the saving. */
  readonly date: string;
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
}

interface Schema extends DBSchema {
  runs: { key: string; value: RunEntry };
  results: { key: string; value: Results };
  states: { key: string; value: SavedState };
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

  async runs(): Promise<RunEntry[]> {
    return (await this.#open()).getAll('runs');
  }

  async results(id: string): Promise<Results | undefined> {
    return (await this.#open()).get('results', id);
  }

  async addRun(entry: RunEntry, results: Results): Promise<void> {
    const transaction = (await this.#open()).transaction(['runs', 'results'], 'readwrite');
    await Promise.all([
      transaction.objectStore('runs').put(entry),
      transaction.objectStore('results').put(results, entry.id),
      transaction.done,
    ]);
  }

  async updateRun(entry: RunEntry): Promise<void> {
    await (await this.#open()).put('runs', entry);
  }

  async removeRun(id: string): Promise<void> {
    const transaction = (await this.#open()).transaction(['runs', 'results'], 'readwrite');
    await Promise.all([
      transaction.objectStore('runs').delete(id),
      transaction.objectStore('results').delete(id),
      transaction.done,
    ]);
  }

  async states(): Promise<SavedState[]> {
    return (await this.#open()).getAll('states');
  }

  async bytes(id: string): Promise<Blob | undefined> {
    return (await this.#open()).get('bytes', id);
  }

  async saveState(state: SavedState, bytes: Blob): Promise<void> {
    const transaction = (await this.#open()).transaction(['states', 'bytes'], 'readwrite');
    await Promise.all([
      transaction.objectStore('states').put(state),
      transaction.objectStore('bytes').put(bytes, state.id),
      transaction.done,
    ]);
  }

  async removeState(id: string): Promise<void> {
    const transaction = (await this.#open()).transaction(['states', 'bytes'], 'readwrite');
    await Promise.all([
      transaction.objectStore('states').delete(id),
      transaction.objectStore('bytes').delete(id),
      transaction.done,
    ]);
  }

  async sweeps(): Promise<StoredSweep[]> {
    return (await this.#open()).getAll('sweeps');
  }

  async saveSweep(sweep: StoredSweep): Promise<void> {
    await (await this.#open()).put('sweeps', sweep);
  }

  async removeSweep(id: string): Promise<void> {
    await (await this.#open()).delete('sweeps', id);
  }

  async checkpoints(): Promise<StoredCheckpoint[]> {
    return (await this.#open()).getAll('checkpoints');
  }

  async addCheckpoint(checkpoint: StoredCheckpoint): Promise<void> {
    await (await this.#open()).put('checkpoints', checkpoint);
  }

  async removeCheckpoint(name: string): Promise<void> {
    await (await this.#open()).delete('checkpoints', name);
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    this.#database ??= openDB<Schema>(NAME, VERSION, {
      upgrade,
      // A newer page in another tab waits for this one to let go.
      blocking: () => this.#forget(),
      terminated: () => this.#forget(),
    });
    return this.#database;
  }

  #forget(): void {
    const database = this.#database;
    this.#database = null;
    void database?.then((open) => open.close());
  }
}
