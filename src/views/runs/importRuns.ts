import { problemText } from '../../experiment/reading';
import { MAXIMUM_FILE_BYTES, parseResultsFile } from '../../experiment/documents/resultsFile';
import { wholeHash } from '../../analysis/runSummary';
import { newId } from '../browser/ids';
import type { Library } from './library.svelte';

/** Adds the runs of files to the library, all of a file or none; says what came of it in a sentence. */
export async function importRuns(
  files: readonly File[],
  library: Library,
): Promise<{ readonly text: string; readonly bad: boolean } | null> {
  let added = 0;
  let known = 0;
  for (const file of files) {
    if (file.size > MAXIMUM_FILE_BYTES) {
      return { text: `${file.name}: the file is larger than ${MAXIMUM_FILE_BYTES / 2 ** 20} MiB.`, bad: true };
    }
    const text = await file.text().catch(() => null);
    if (text === null) return { text: `${file.name}: the file cannot be read.`, bad: true };
    const parsed = parseResultsFile(text, file.name.replace(/\.json$/i, '') || 'Imported run');
    if (!parsed.ok) return { text: `${file.name}: ${problemText(parsed.problems)}.`, bad: true };
    for (const run of parsed.value) {
      const date = new Date(run.date ?? file.lastModified).toISOString();
      const hash = wholeHash(run.results.runs.map((one) => one.hash));
      const twin = (entry: Library['entries'][number]) =>
        hash !== '' && entry.summary.hash === hash && entry.name === run.name && entry.date === date;
      if (library.entries.some(twin)) {
        known++;
        continue;
      }
      await library.add({ ...run, id: newId(), date, source: 'import' });
      added++;
    }
  }
  if (files.length === 0) return null;
  const had = known > 0 ? ` ${counted(known)} ${known === 1 ? 'was' : 'were'} here already.` : '';
  return { text: `${added === 0 ? 'Nothing new' : counted(added)} imported.${had}`, bad: false };
}

const counted = (count: number): string => (count === 1 ? '1 run' : `${count} runs`);
