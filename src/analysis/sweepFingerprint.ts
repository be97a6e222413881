import { cellConfig, cellCount, cellValues, type SweepDocument } from '../experiment/sweep';
import { Fingerprint } from '../math/hash';

/**
 * The same for sweeps whose cells run the same configs under the same numbers, however their documents are written;
 * 16 hexadecimal digits. Every cell must be valid.
 */
export function sweepFingerprint(document: SweepDocument): string {
  const fingerprint = new Fingerprint();
  for (let number = 0; number < cellCount(document); number++) {
    const text = JSON.stringify([cellValues(document, number), cellConfig(document, number)]);
    const codes = Uint32Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
    fingerprint.addFloats(new Float32Array(codes.buffer));
  }
  return fingerprint.digest();
}
