import type { BadRecord } from './storage';

/** Stored records that this version cannot read. They stay where they are, and can be exported. */
export class Unreadable {
  entries = $state.raw<readonly BadRecord[]>([]);

  /** What the latest reading of a store has found. */
  report(store: BadRecord['store'], found: readonly BadRecord[]): void {
    this.entries = [...this.entries.filter((entry) => entry.store !== store), ...found];
  }
}
