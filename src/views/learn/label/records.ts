import { labelKey, labelsByKey, type LabelRecord } from '../../../experiment/documents/labels';
import type { Answer, Question } from '../../../training/annotator';

/** Somebody's answer, and how long it took. */
export interface GivenAnswer {
  readonly answer: Answer;
  readonly seconds: number;
}

/** What is kept of an answer. */
export function recordOf({ arm, seed, step, pair, prompt, first, second }: Question, given: GivenAnswer): LabelRecord {
  const [chosen, rejected] = given.answer === 'second' ? [second, first] : [first, second];
  const seconds = Math.round(100 * given.seconds) / 100;
  return { prompt, chosen, rejected, arm, seed, step, pair, seconds, tie: given.answer === 'tie' };
}

/** The records that others lack, or have with another answer: they would be lost if the others took their place. */
export function lackingIn(others: readonly LabelRecord[], records: readonly LabelRecord[]): LabelRecord[] {
  const byKey = labelsByKey(others);
  return records.filter((record) => {
    const same = byKey.get(labelKey(record));
    return same?.chosen !== record.chosen || same.tie !== record.tie;
  });
}
