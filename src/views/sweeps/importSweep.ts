import { problemText, type Problem } from '../../experiment/reading';
import { parseSweepDocument, sweepProblem, type SweepDocument } from '../../experiment/documents/sweep';
import {
  CELLS_FORMAT,
  parseSweepResults,
  SWEEP_FORMAT,
  type SweepResults,
} from '../../experiment/documents/sweepResults';
import { readLargeJson, readText } from '../browser/readText';

/** What a file holds: a sweep to run, what one found, or neither, in a sentence. */
export type SweepFile =
  | { readonly kind: 'results'; readonly name: string; readonly results: SweepResults }
  | { readonly kind: 'document'; readonly document: SweepDocument }
  | { readonly kind: 'problem'; readonly text: string };

/** Never rejects. */
export async function readSweepFile(file: File): Promise<SweepFile> {
  const problem = (text: string): SweepFile => ({ kind: 'problem', text });
  const name = file.name.replace(/\.json$/i, '') || 'Imported sweep';
  const text = await readText(file);
  if (!text.ok) return problem(sentence(text.problems));
  if (text.value.startsWith(`{"format":"${CELLS_FORMAT}"`)) {
    return problem('these are a sweep’s single cells; npm run lab -- merge makes a document of them.');
  }
  const json = await readLargeJson(text.value);
  if (!json.ok) return problem(sentence(json.problems));
  const { value } = json;
  if ((value as { format?: unknown } | null)?.format === SWEEP_FORMAT) {
    const results = parseSweepResults(value);
    return results.ok ? { kind: 'results', name, results: results.value } : problem(sentence(results.problems));
  }
  const parsed = parseSweepDocument(value);
  if (!parsed.ok) return problem(sentence(parsed.problems));
  const bad = sweepProblem(parsed.value);
  return bad ? problem(sentence([bad])) : { kind: 'document', document: parsed.value };
}

const sentence = (problems: readonly Problem[]): string => `${problemText(problems)}.`;
