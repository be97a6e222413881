import { saveBlob, saveJson } from './save';
import type { BadRecord, Storage } from './storage';

/** Stored records that this version cannot read. They stay where they are, and can be exported. */
export class Unreadable {
  entries = $state.raw<readonly BadRecord[]>([]);

  /** What the latest reading of a store has found. */
  report(store: BadRecord['store'], found: readonly BadRecord[]): void {
    this.entries = [...this.entries.filter((entry) => entry.store !== store), ...found];
  }
}

/** All of it: one file of records, the runs with their results, and a file for the bytes of each state. */
export async function exportUnreadable(entries: readonly BadRecord[], storage: Storage): Promise<void> {
  // Of what cannot be read at all the record is better than nothing.
  const apart = (entry: BadRecord) => storage.apart(entry).catch(() => ({ results: undefined, bytes: undefined }));
  const wholes = await Promise.all(entries.map(async (entry) => ({ entry, ...(await apart(entry)) })));
  saveJson(
    wholes.map(({ entry, results }) => ({ ...entry, results })),
    'pilaf-lab-unreadable.json',
  );
  for (const { entry, bytes } of wholes) {
    if (bytes)
      saveBlob(new Blob([bytes]), `pilaf-lab-unreadable-${(entry.record as { readonly id: string }).id}.state`);
  }
}
