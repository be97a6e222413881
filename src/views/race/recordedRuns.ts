import { valueOf } from '../../experiment/reading';
import { parseRecorded, type Recorded } from '../../experiment/documents/recorded';

/** Names of the presets that have a file in public/recorded, set when the page is built. */
const names = new Set(String(import.meta.env['VITE_RECORDED']).split(' '));

/** A preset's recorded results; null where there are none, or where they do not arrive: they are only a preview. */
export async function loadRecorded(preset: string): Promise<Recorded | null> {
  if (!names.has(preset)) return null;
  try {
    const response = await fetch(`recorded/${preset}.json`);
    return response.ok ? valueOf(parseRecorded(await response.json())) : null;
  } catch {
    return null;
  }
}
