import { valueOf } from '../../experiment/reading';
import { parseSweepResults, type SweepResults } from '../../experiment/documents/sweepResults';
import { fetchShippedJson } from '../../worker/shipped';
import type { SweepPreset } from '../../experiment/presets/sweeps';

export interface RecordedSweep {
  readonly preset: SweepPreset;
  readonly results: SweepResults;
}

/** What the page ships of a ready sweep; null where there is nothing. Rejects with a sentence where it does not arrive whole. */
export async function loadRecordedSweep(preset: SweepPreset): Promise<RecordedSweep | null> {
  const document = await fetchShippedJson(`sweeps/${preset.id}.json`);
  return document === null ? null : { preset, results: valueOf(parseSweepResults(document)) };
}
