import { checkpointNames, hashIn, importedName } from '../../experiment/config/checkpointName';
import type { TaskKind, CheckpointKind } from '../../experiment/config/tasks';
import type { ExperimentConfig } from '../../experiment/config/schema';
import type { ImportedCheckpoints } from '../../run/orders';
import type { Checked, CheckpointFile } from '../../worker/protocol';
import { reasonOf } from '../runs/library.svelte';
import type { Storage, StoredCheckpoint } from './storage';

/** Far more than a browser trains; a film that was chosen by mistake is not read. */
const MOST_BYTES: Record<CheckpointKind, number> = { reviews: 64_000_000, text: 600_000_000, reward: 64_000_000 };

/** Behind a sentence that a checkpoint is here: why it is not stored, if it is not. */
export const fleeting = (trouble: string | null): string =>
  trouble === null ? '' : ` It is not stored (${trouble}), so it is here until the page closes.`;

interface Added {
  readonly name: string;
  readonly note: string | null;
  readonly trouble: string | null;
}

type Check = (files: readonly CheckpointFile[], task: CheckpointKind) => Promise<Checked>;

/** The checkpoints that somebody has imported into this browser. */
export class Checkpoints {
  /** By name. What could not be stored is here until the page closes. */
  entries = $state.raw<readonly StoredCheckpoint[]>([]);

  readonly #storage: Storage;
  readonly #check: Check;

  constructor(storage: Storage, check: Check) {
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

  /** Those that are for this. */
  of(task: TaskKind | CheckpointKind): readonly StoredCheckpoint[] {
    return this.entries.filter((entry) => (entry.task ?? 'reviews') === task);
  }

  /**
   * Takes files in that are one checkpoint; rejects with what is wrong with them. Returns its name, what it is and takes
   * where that is worth a word, and why it is not stored, if it is not.
   */
  async add(files: readonly File[], task: CheckpointKind): Promise<Added> {
    const size = files.reduce((sum, file) => sum + file.size, 0);
    if (size > MOST_BYTES[task]) throw new Error(`it is larger than ${MOST_BYTES[task] / 1e6} MB`);
    const checked = await this.#check(
      files.map((file) => ({ name: file.name, bytes: file })),
      task,
    );
    if (!checked.ok) throw new Error(checked.problem);
    const largest = files.reduce((a, b) => (b.size > a.size ? b : a));
    const name = importedName(largest.name, checked.hash);
    const known = this.find(name);
    const { note } = checked;
    if (known) return { name: known.name, note, trouble: null };
    return { name, note, trouble: await this.keep({ name, bytes: checked.bytes, task }) };
  }

  /** Lists a checkpoint and stores it. Returns why it is not stored, if it is not. */
  async keep(entry: StoredCheckpoint): Promise<string | null> {
    this.#show([...this.entries.filter(({ name }) => hashIn(name) !== hashIn(entry.name)), entry]);
    try {
      await this.#storage.addCheckpoint(entry);
      return null;
    } catch (error) {
      return reasonOf(error);
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
