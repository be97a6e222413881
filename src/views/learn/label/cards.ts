import { STREAM, uniform, uniformInteger } from '../../../math/random';
import type { Answer, Question } from '../../../training/annotator';

/** A pair as it is shown: in which order of sides, and whether it comes a second time. */
export interface Card {
  readonly question: Question;
  /** Whether the first completion is on the right. */
  readonly flipped: boolean;
  readonly repeats: boolean;
}

export type Side = 'left' | 'right' | 'tie';

/** Among the first cards of a round, one comes again at its end, with its sides swapped. */
const REPEATED_AMONG = 4;

/**
 * A round's questions in random order and on random sides, which say nothing about the arm, with one of them twice. The
 * draws have addresses, so that a reload shows the same.
 */
export function cardsOf(questions: readonly Question[], seed: number): Card[] {
  const step = questions[0]?.step ?? 0;
  const draw = (row: number) => ({ seed, stream: STREAM.display, step, row, token: 0 });
  const order = questions
    .map((question, i) => ({ question, at: uniform(draw(i)), flipped: uniform(draw(i), 1) < 0.5 }))
    .sort((a, b) => a.at - b.at);
  const cards = order.map(({ question, flipped }): Card => ({ question, flipped, repeats: false }));
  const different = cards.slice(0, REPEATED_AMONG).filter(({ question: { first, second } }) => first !== second);
  const again = different[different.length > 0 ? uniformInteger(draw(questions.length), different.length) : 0];
  return again ? [...cards, { ...again, flipped: !again.flipped, repeats: true }] : cards;
}

/** What a choice of a side means for the pair. */
export function chosenBy({ flipped }: Card, side: Side): Answer {
  if (side === 'tie') return 'tie';
  return (side === 'left') === flipped ? 'second' : 'first';
}
