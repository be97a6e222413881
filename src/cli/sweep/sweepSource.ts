import { problemText } from '../../experiment/reading';
import { parseSweepDocument, sweepProblem, type SweepDocument } from '../../experiment/documents/sweep';
import { findSweep, SWEEPS } from '../../experiment/presets/sweeps';
import { changed, readJson } from '../run/configSource';
import { known, UsageError } from '../errors';

/**
 * The sweep of a preset or of a file, with the changes of `--set` made to its base; every cell's config is valid. A file
 * holds a sweep, or an object with one under "sweep", as a finished sweep's document is. Throws UsageError.
 */
export function loadSweep(source: string, changes: readonly string[]): SweepDocument {
  const document = findSweep(source)?.document ?? known(parseSweepDocument(unwrapped(readJson(source, SWEEPS))));
  const base = changes.reduce(changed, document.base as unknown);
  return checkedSweep({ ...document, base });
}

/** A sweep of which every cell can run. Throws UsageError. */
export function checkedSweep(input: unknown): SweepDocument {
  const sweep = known(parseSweepDocument(input));
  const problem = sweepProblem(sweep);
  if (problem) throw new UsageError(problemText([problem]));
  return sweep;
}

function unwrapped(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.hasOwn(value, 'base')) return value;
  return Object.hasOwn(value, 'sweep') ? (value as { sweep: unknown }).sweep : value;
}
