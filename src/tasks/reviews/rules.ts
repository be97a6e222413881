import { clauseRules, predicateRules } from './clauses';
import { OPENING_RULES } from './openings';
import type { Alternative, Rules } from './rule';
import { MOODS, SUBJECTS, type Mood, type Subject } from './words';

/**
 * Verdicts can follow ", so" and ", but"; remarks stand only on their own. The moods share no string.
 */
const CLOSINGS: Rules = {
  'Verdict+': [
    [3, 'i would recommend it'],
    [2, 'i would highly recommend it'],
    [1, 'i would recommend it to friends'],
    [3, 'we will come back'],
    [2, 'we will be back soon'],
    [1, 'i would go again'],
    [2, 'we left happy'],
  ],
  'Verdict-': [
    [3, 'i would not recommend it'],
    [1, 'i would never recommend it'],
    [3, 'we will not come back'],
    [2, 'we will never go back'],
    [1, 'i will not go again'],
    [2, 'we left hungry'],
  ],
  Verdict0: [
    [3, 'we may come back'],
    [2, 'we may try it again'],
    [2, 'it was what we expected'],
  ],
  'Remark+': [
    [2, 'we loved every minute'],
    [1, 'we enjoyed it'],
    [1, 'i would recommend it to everyone'],
    [1, 'thank you'],
    [3, 'what a Praise Occasion'],
  ],
  'Remark-': [
    [2, 'never again'],
    [1, 'avoid it'],
    [1, 'i would not recommend it to anyone'],
    [1, 'what a waste of money'],
    [3, 'what a Blame Occasion'],
  ],
  Remark0: [
    [2, 'we paid and left'],
    [2, 'it was only Occasion'],
  ],
  Occasion: [
    [3, 'dinner'],
    [3, 'lunch'],
    [2, 'breakfast'],
  ],
  Praise: [
    [2, 'lovely'],
    [2, 'wonderful'],
    [1, 'perfect'],
    [2, 'great'],
  ],
  Blame: [
    [2, 'terrible'],
    [1, 'bad'],
    [1, 'horrible'],
    [2, 'disappointing'],
  ],
  'Closing+': [
    [3, 'Verdict+'],
    [2, 'Remark+'],
  ],
  Closing0: [
    [2, 'Verdict0'],
    [1, 'Remark0'],
  ],
  'Closing-': [
    [3, 'Verdict-'],
    [2, 'Remark-'],
  ],
};

/** The mood a "but" turns to; a clause without a mood may turn either way. */
const TURNS: Readonly<Record<Mood, readonly Mood[]>> = { '+': ['-'], '0': ['+', '-'], '-': ['+'] };

/** How a closing sentence agrees with the mood before it. */
const AGREEMENT: Readonly<Record<Mood, readonly (readonly [number, Mood])[]>> = {
  '+': [
    [9, '+'],
    [1, '0'],
  ],
  '0': [
    [1, '+'],
    [2, '0'],
    [1, '-'],
  ],
  '-': [
    [1, '0'],
    [9, '-'],
  ],
};

/** After the last clause: stop, perhaps after a closing sentence; `End` may also turn once more, `Stop` may not. */
function endRules(mood: Mood): Rules {
  const closings = AGREEMENT[mood].map(([weight, next]): Alternative => [weight * 4, `. Closing${next} .`]);
  const turns = TURNS[mood].map((next): Alternative => [6 / TURNS[mood].length, `, but Verdict${next} .`]);
  const stop: Alternative[] = [[32, '.'], ...closings];
  return { [`Stop${mood}`]: stop, [`End${mood}`]: [...stop, ...turns] };
}

/**
 * After the first clause, of a given subject and mood: what follows speaks of other subjects, so that no review
 * says two things of the soup, and its mood is visible in its words, so that every review has one derivation.
 */
function tailRules(subject: Subject, mood: Mood): Rules {
  const others = SUBJECTS.filter((other) => other !== subject);
  const alternatives: Alternative[] = [
    [5, '.'],
    ...(mood === '0' ? [] : [[6, `, so Verdict${mood} .`] as const]),
    ...AGREEMENT[mood].map(([weight, next]): Alternative => [weight * 1.6, `. Closing${next} .`]),
    ...TURNS[mood].map((next): Alternative => [4 / TURNS[mood].length, `, but Verdict${next} .`]),
  ];
  others.forEach((other, index) => {
    const last = others[1 - index]!;
    alternatives.push([12, `, and Clause:${other}${mood} End${mood}`]);
    for (const next of TURNS[mood]) {
      alternatives.push([10 / TURNS[mood].length, `, but Clause:${other}${next} Stop${next}`]);
      alternatives.push([4 / TURNS[mood].length, `. Clause:${other}${mood} , but Clause:${last}${next} .`]);
    }
    for (const next of MOODS) {
      // Two sentences of different moods leave none to close with.
      const [weight, end] = next === mood ? [6, `End${mood}`] : [2, 'Stop0'];
      alternatives.push([weight, `. Clause:${other}${next} ${end}`]);
    }
  });
  return { [`Tail:${subject}${mood}`]: alternatives };
}

/** The whole table; `clauses.ts` has the part within a clause, `openings.ts` says where a prompt enters. */
export const RULES: Rules = Object.assign(
  { ...CLOSINGS },
  predicateRules(),
  clauseRules(),
  OPENING_RULES,
  ...MOODS.map(endRules),
  ...SUBJECTS.flatMap((subject) => MOODS.map((mood) => tailRules(subject, mood))),
) as Rules;
