import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRecorded, type Recorded } from '../experiment/documents/recorded';
import type { Results } from '../experiment/documents/results';
import { parseResultsFile } from '../experiment/documents/resultsFile';
import { valueOf } from '../experiment/reading';
import { known, sentence, UsageError } from './errors';
import { RECORDED } from './files';
import { MOST_TEXT_VALUES, readText } from './readFile';

/** A preset's runs as the page ships them; null where none are recorded. */
export function recordedOf(preset: string): Recorded | null {
  const path = join(RECORDED, `${preset}.json`);
  return existsSync(path) ? valueOf(parseRecorded(JSON.parse(readFileSync(path, 'utf8')))) : null;
}

/** Results that `run --out` or the page has written; `named` begins what is said of a file that holds none, or several. */
export function readResults(path: string, named = path): Results {
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    throw new UsageError(`${named}: ${sentence(error)}`, { cause: error });
  }
  const [first, ...others] = known(parseResultsFile(text, path, MOST_TEXT_VALUES), named);
  if (!first || others.length > 0) throw new UsageError(`${named}: give a file with the results of one run`);
  return first.results;
}
