import { cellConfig, cellCount, cellValues, type SweepDocument } from '../experiment/documents/sweep';
import { Fingerprint } from '../math/hash';

/**
 * The same for sweeps whose cells run the same configs under the same numbers, however their documents are written;
 * 16 hexadecimal digits. Every cell must be valid.
 */
export function sweepFingerprint(document: SweepDocument): string {
  const fingerprint = new Fingerprint();
  for (let number = 0; number < cellCount(document); number++) {
    fingerprint.addText(JSON.stringify([cellValues(document, number), cellConfig(document, number)], shortened));
  }
  return fingerprint.digest();
}

/** Explicit tables of more entries than this are written as their hash: hundreds of cells may have 65,536 each. */
const LONGEST_TABLE = 256;

function shortened(_: string, value: unknown): unknown {
  if (!isTable(value) || value.length * value[0]!.length <= LONGEST_TABLE) return value;
  const fingerprint = new Fingerprint();
  for (const row of value) fingerprint.addFloats(new Float32Array(new Float64Array(row).buffer));
  return `${value.length} × ${value[0]!.length} ${fingerprint.digest()}`;
}

/** Whether a value of a checked config is a table: nothing else in it is a list of lists. */
const isTable = (value: unknown): value is number[][] => Array.isArray(value) && Array.isArray(value[0]);
