import { valueOf } from '../../experiment/reading';
import { parseSweepResults, type SweepResults } from '../../experiment/documents/sweepResults';
import type { SweepPreset } from '../../experiment/presets/sweeps';

export interface RecordedSweep {
  readonly preset: SweepPreset;
  readonly results: SweepResults;
}

/** What the page ships of a ready sweep; null where it does not arrive: it is only a preview. */
export async function loadRecordedSweep(preset: SweepPreset): Promise<RecordedSweep | null> {
  try {
    const response = await fetch(`sweeps/${preset.id}.json`);
    return response.ok ? { preset, results: valueOf(parseSweepResults(await response.json())) } : null;
  } catch {
    return null;
  }
}
