import type { LabelRecord } from '../../../experiment/documents/labels';
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

/** What a record of this question's pair says. */
export const answerIn = ({ tie, chosen }: LabelRecord, { first }: Question): Answer =>
  tie ? 'tie' : chosen === first ? 'first' : 'second';

/** Whether a record is of this question's pair. */
export const isOf = ({ prompt, chosen, rejected }: LabelRecord, { prompt: own, first, second }: Question): boolean =>
  prompt === own && ((chosen === first && rejected === second) || (chosen === second && rejected === first));
