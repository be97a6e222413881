import type { ExperimentConfig } from '../../experiment/config/schema';
import { parseLabels, type LabelRecord } from '../../experiment/documents/labels';
import { problemText } from '../../experiment/reading';
import { sentence, UsageError } from '../errors';
import { readText } from '../readFile';

/** A person's labels, and the file that has them. */
export interface LabelsFile {
  readonly file: string;
  readonly records: readonly LabelRecord[];
}

/** The labels of `--labels`, which a config with a person for a labeller needs, and no other has. Throws UsageError. */
export function readLabels({ labeller }: ExperimentConfig, path: string | undefined): LabelsFile | undefined {
  const isPerson = labeller.reader === 'person';
  if (path === undefined) {
    if (!isPerson) return undefined;
    throw new UsageError(
      'labeller.reader: "person" needs the labels of one; give --labels <file.jsonl>, or label in the page',
    );
  }
  if (!isPerson) throw new UsageError(`--labels: labeller.reader is "${labeller.reader}"; give "person"`);
  return { file: path, records: readLabelsFile(path) };
}

/** A person's labels of a file. Throws UsageError. */
export function readLabelsFile(path: string): readonly LabelRecord[] {
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${sentence(error)}`, { cause: error });
  }
  const records = parseLabels(text);
  if (records.ok) return records.value;
  throw new UsageError(`${path}: ${problemText(records.problems)}`);
}
