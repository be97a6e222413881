import { valueOf } from '../../experiment/reading';
import { parseRecorded, type Recorded } from '../../experiment/documents/recorded';
import { fetchShippedJson } from '../../worker/shipped';

/** Names of the presets that have a file in public/recorded, set when the page is built. */
const names = new Set(String(import.meta.env['VITE_RECORDED']).split(' '));

/** A preset's recorded results; null where there are none. Rejects with a sentence where they do not arrive whole. */
export async function loadRecorded(preset: string): Promise<Recorded | null> {
  const document = names.has(preset) ? await fetchShippedJson(`recorded/${preset}.json`) : null;
  return document === null ? null : valueOf(parseRecorded(document));
}
