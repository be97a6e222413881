import { checkpointNames, hashIn, importedName } from '../../experiment/config/checkpointName';
import type { ExperimentConfig } from '../../experiment/config/schema';
import type { ImportedCheckpoints } from '../../run/orders';
import type { Checked } from '../../worker/protocol';
import { reasonOf } from '../runs/library.svelte';
import type { Storage, StoredCheckpoint } from './storage';

/** Far more than a browser trains; a film that was chosen by mistake is not read. */
const MOST_BYTES = 64_000_000;

/** The checkpoints that somebody has imported into this browser. */
export class Checkpoints {
  /** By name. What could not be stored is here until the page closes. */
  entries = $state.raw<readonly StoredCheckpoint[]>([]);

  readonly #storage: Storage;
  readonly #check: (file: Blob) => Promise<Checked>;

  constructor(storage: Storage, check: (file: Blob) => Promise<Checked>) {
    this.#storage = storage;
    this.#check = check;
  }

  /** Where the browser stores nothing there is nothing. */
  async open(): Promise<void> {
    this.#show(await this.#storage.checkpoints().catch(() => []));
  }

  /** By the bytes that a name stands for, whatever their file was called here. */
  find(name: string): StoredCheckpoint | undefined {
    const hash = hashIn(name);
    return hash === null ? undefined : this.entries.find((entry) => hashIn(entry.name) === hash);
  }

  /** What the worker needs to run a config. */
  namedIn(config: ExperimentConfig): ImportedCheckpoints {
    return checkpointNames(config).flatMap((name) => {
      const found = this.find(name);
      return found ? [{ name, bytes: found.bytes }] : [];
    });
  }

  /** Takes a file in; rejects with what is wrong with it. Returns its name, and why it is not stored, if it is not. */
  async add(file: File): Promise<{ name: string; trouble: string | null }> {
    if (file.size > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES / 1e6} MB`);
    const checked = await this.#check(file);
    if (!checked.ok) throw new Error(checked.problem);
    const name = importedName(file.name, checked.hash);
    const known = this.find(name);
    if (known) return { name: known.name, trouble: null };
    const entry = { name, bytes: checked.bytes };
    this.#show([...this.entries, entry]);
    try {
      await this.#storage.addCheckpoint(entry);
      return { name, trouble: null };
    } catch (error) {
      return { name, trouble: reasonOf(error) };
    }
  }

  async remove(name: string): Promise<void> {
    this.#show(this.entries.filter((entry) => entry.name !== name));
    // Where nothing can be stored there is nothing to remove.
    await this.#storage.removeCheckpoint(name).catch(() => undefined);
  }

  #show(entries: readonly StoredCheckpoint[]): void {
    this.entries = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }
}
