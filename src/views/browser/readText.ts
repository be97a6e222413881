import { accepted, MAXIMUM_FILE_BYTES, readJson, refused, type Parsed } from '../../experiment/reading';
import { MOST_PARTS } from '../../math/json';
import { nextTask } from './nextTask';

/**
 * The text of a file that somebody has chosen, or why there is none. Never rejects.
 *
 * @param most bytes; a larger file is not read at all
 */
export async function readText(file: File, most = MAXIMUM_FILE_BYTES): Promise<Parsed<string>> {
  if (file.size > most) return refused('', `the file is larger than ${most / 2 ** 20} MiB`);
  const text = await file.text().catch(() => null);
  return text === null ? refused('', 'the file cannot be read') : accepted(text);
}

/** What a text of JSON holds. Of a large file what comes next takes as long: each has a task of its own. */
export async function readLargeJson(text: string): Promise<Parsed<unknown>> {
  const json = readJson(text, MOST_PARTS);
  await nextTask();
  return json;
}
