import { readFileSync } from 'node:fs';
import { sweepFingerprint } from '../../src/analysis/sweepFingerprint';
import { cellValues, parseSweepDocument } from '../../src/experiment/documents/sweep';
import { CELLS_FORMAT, parseSweepResults, SWEEP_VERSION } from '../../src/experiment/documents/sweepResults';
import { valueOf } from '../../src/experiment/reading';

/** A sweep's file: its first line, and one for each of its two cells. */
export function goodCells(): { readonly head: unknown; readonly cells: readonly unknown[] } {
  const whole = valueOf(parseSweepResults(JSON.parse(readFileSync('public/sweeps/losses.json', 'utf8'))));
  const { base } = whole.sweep;
  const sweep = valueOf(parseSweepDocument({ base, list: [{ beta: 0.5 }, { beta: 1 }] }));
  const fingerprint = sweepFingerprint(sweep);
  return {
    head: { format: CELLS_FORMAT, version: SWEEP_VERSION, fingerprint, sweep },
    cells: whole.cells.slice(0, 2).map(({ number, arms }) => {
      return { fingerprint, number, values: cellValues(sweep, number), arms, backend: whole.backend, seconds: 1.5 };
    }),
  };
}

export const linesOf = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');
