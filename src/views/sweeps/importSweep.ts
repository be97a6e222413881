import { problemText } from '../../experiment/reading';
import { parseSweepDocument, sweepProblem, type SweepDocument } from '../../experiment/documents/sweep';
import {
  CELLS_FORMAT,
  parseSweepResults,
  SWEEP_FORMAT,
  type SweepResults,
} from '../../experiment/documents/sweepResults';

/** What a file holds: a sweep to run, what one found, or neither, in a sentence. */
export type SweepFile =
  | { readonly kind: 'results'; readonly name: string; readonly results: SweepResults }
  | { readonly kind: 'document'; readonly document: SweepDocument }
  | { readonly kind: 'problem'; readonly text: string };

const MAXIMUM_BYTES = 32 * 2 ** 20;

/** Never rejects. */
export async function readSweepFile(file: File): Promise<SweepFile> {
  const problem = (text: string): SweepFile => ({ kind: 'problem', text });
  if (file.size > MAXIMUM_BYTES) return problem(`the file is larger than ${MAXIMUM_BYTES / 2 ** 20} MiB.`);
  const name = file.name.replace(/\.json$/i, '') || 'Imported sweep';
  try {
    const content = await file.text();
    if (content.startsWith(`{"format":"${CELLS_FORMAT}"`)) {
      return problem('these are a sweep’s single cells; npm run lab -- merge makes a document of them.');
    }
    const value: unknown = JSON.parse(content);
    if ((value as { format?: unknown } | null)?.format === SWEEP_FORMAT) {
      const results = parseSweepResults(value);
      return results.ok
        ? { kind: 'results', name, results: results.value }
        : problem(`${problemText(results.problems)}.`);
    }
    const parsed = parseSweepDocument(value);
    if (!parsed.ok) return problem(problemText(parsed.problems));
    const bad = sweepProblem(parsed.value);
    return bad ? problem(problemText([bad])) : { kind: 'document', document: parsed.value };
  } catch (error) {
    return problem(error instanceof SyntaxError ? 'the file is not JSON.' : `${String((error as Error).message)}.`);
  }
}
