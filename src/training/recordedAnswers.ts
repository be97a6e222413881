import { answerIn, labelKey, labelsByKey, type LabelRecord } from '../experiment/documents/labels';
import type { Answer, Question } from './annotator';

/**
 * What a person has answered to these questions, by the records of their labels; null where some of them have none.
 * Throws an Error where a record is of another pair: the experiment is not the one that was labelled.
 */
export function recordedAnswers(records: readonly LabelRecord[], questions: readonly Question[]): Answer[] | null {
  const known = labelsByKey(records);
  const answers = questions.map((question) => {
    const record = known.get(labelKey(question));
    if (!record) return null;
    const answer = answerIn(record, question);
    if (answer) return answer;
    const { arm, step, pair } = question;
    throw new Error(
      `the label of pair ${pair} of ${arm} at step ${step}, counted from 0, is of other completions than this experiment samples: the labels belong to other settings or another backend`,
    );
  });
  return answers.includes(null) ? null : (answers as Answer[]);
}
