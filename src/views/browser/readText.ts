import { accepted, MAXIMUM_FILE_BYTES, readJson, refused, type Parsed } from '../../experiment/reading';
import { MOST_VALUES } from '../../math/json';
import { nextTask } from './nextTask';

/** The text of a file that somebody has chosen, or why there is none: one that is too large is not read. Never rejects. */
export async function readText(file: File): Promise<Parsed<string>> {
  if (file.size > MAXIMUM_FILE_BYTES) {
    return refused('', `the file is larger than ${MAXIMUM_FILE_BYTES / 2 ** 20} MiB`);
  }
  const text = await file.text().catch(() => null);
  return text === null ? refused('', 'the file cannot be read') : accepted(text);
}

/** What a text of JSON holds. Of a large file what comes next takes as long: each has a task of its own. */
export async function readLargeJson(text: string): Promise<Parsed<unknown>> {
  const json = readJson(text, MOST_VALUES);
  await nextTask();
  return json;
}
