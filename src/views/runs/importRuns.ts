import { problemText, type Parsed } from '../../experiment/reading';
import { parseNamedResults, type NamedResults } from '../../experiment/documents/resultsFile';
import { wholeHash } from '../../analysis/runSummary';
import { newId } from '../browser/ids';
import { readLargeJson, readText } from '../browser/readText';
import type { Library } from './library.svelte';

/** Adds the runs of files to the library, all of a file or none; says what came of it in a sentence. */
export async function importRuns(
  files: readonly File[],
  library: Library,
): Promise<{ readonly text: string; readonly bad: boolean } | null> {
  let added = 0;
  let known = 0;
  for (const file of files) {
    const parsed = await readRuns(file);
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

async function readRuns(file: File): Promise<Parsed<readonly NamedResults[]>> {
  const text = await readText(file);
  if (!text.ok) return text;
  const json = await readLargeJson(text.value);
  return json.ok ? parseNamedResults(json.value, file.name.replace(/\.json$/i, '') || 'Imported run') : json;
}

const counted = (count: number): string => (count === 1 ? '1 run' : `${count} runs`);
