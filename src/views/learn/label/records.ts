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
