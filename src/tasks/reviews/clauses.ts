import { oneOf, type Alternative, type Rules } from './rule';
import { ADJECTIVES, MOODS, NEUTRAL, NOUNS, SUBJECTS, type Mood, type Subject } from './words';

/** Moods of the first clause: balanced, slightly mixed. */
export const MOOD_WEIGHT: Readonly<Record<Mood, number>> = { '+': 42, '0': 16, '-': 42 };

/** What may follow "the soup was", by subject and mood, at most three words. */
export function predicateRules(): Rules {
  const rules: Record<string, readonly Alternative[]> = {};
  for (const subject of SUBJECTS) {
    rules[`Noun:${subject}`] = oneOf(NOUNS[subject]);
    rules[`Is:${subject}0`] = NEUTRAL[subject].map((words): Alternative => [1, words]);
    for (const mood of ['+', '-'] as const) {
      const { gradable, strong, excessive, pairFirst, pairSecond } = ADJECTIVES[subject][mood];
      const name = `${subject}${mood}`;
      rules[`Gradable:${name}`] = oneOf(gradable);
      rules[`Strong:${name}`] = oneOf(strong);
      rules[`PairFirst:${name}`] = oneOf(pairFirst);
      rules[`PairSecond:${name}`] = oneOf(pairSecond);
      rules[`Is:${name}`] = [
        [5, `Gradable:${name}`],
        [6, `Degree${mood} Gradable:${name}`],
        [5, `Strong:${name}`],
        [3, `Utterly Strong:${name}`],
        [4, `PairFirst:${name} and PairSecond:${name}`],
        ...negated(subject, mood),
        ...(excessive?.split(' ').map((word): Alternative => [0.5, `too ${word}`]) ?? []),
      ];
    }
  }
  return { ...rules, ...DEGREES, ...EXTRA_NOUNS };
}

/** Praise denied is blame; blame denied is praise only for people ("never rude"), else "not bad" and no mood. */
function negated(subject: Subject, mood: '+' | '-'): Alternative[] {
  if (mood === '-') {
    return [
      [3, `not Gradable:${subject}+`],
      [3, `not very Gradable:${subject}+`],
      ...(subject === 'people' ? [[1, `never Gradable:${subject}+`] as const] : []),
    ];
  }
  if (subject !== 'people') return [];
  return [
    [1, `never Gradable:${subject}-`],
    [2, `always Gradable:${subject}+`],
  ];
}

const DEGREES: Rules = {
  'Degree+': [
    [4, 'very'],
    [3, 'really'],
    [2, 'so'],
    [1, 'quite'],
  ],
  'Degree-': [
    [3, 'very'],
    [2, 'really'],
    [2, 'so'],
    [2, 'rather'],
    [2, 'a little'],
  ],
  Utterly: [
    [2, 'really'],
    [2, 'absolutely'],
    [1, 'simply'],
  ],
};

/** "a joy": things a meal or a place can be. */
const EXTRA_NOUNS: Rules = {
  'Thing+': oneOf('pleasure joy treat'),
  'Thing-': oneOf('disappointment mistake mess'),
};

/** Clauses that are more than "the … was …", by subject and mood. */
const SPECIAL_CLAUSES: Rules = {
  'Clause:food+': [
    [2, 'we loved the Noun:food'],
    [2, 'i enjoyed the Noun:food'],
    [2, 'the Noun:food was a Thing+'],
  ],
  'Clause:food0': [[1, 'i had the Noun:food']],
  'Clause:food-': [
    [1, 'we hated the Noun:food'],
    [1, 'the Noun:food disappointed us'],
    [2, 'the Noun:food was a Thing-'],
  ],
  'Clause:people+': [
    [2, 'the Noun:people welcomed us'],
    [2, 'everyone was Gradable:people+'],
    [1, 'the Noun:people smiled'],
  ],
  'Clause:people0': [[1, 'the Noun:people took our order']],
  'Clause:people-': [
    [2, 'the Noun:people ignored us'],
    [1, 'the Noun:people never smiled'],
    [2, 'they forgot our order'],
    [2, 'we waited too long'],
  ],
  'Clause:place+': [
    [2, 'we loved the Noun:place'],
    [2, 'the prices were fair'],
    [1, 'the prices were good'],
  ],
  'Clause:place0': [[1, 'the prices were ok']],
  'Clause:place-': [
    [2, 'the prices were too high'],
    [2, 'the music was too loud'],
    [1, 'we hated the Noun:place'],
  ],
};

/** Clauses that follow a first one, and the ways a prompt is taken up. */
export function clauseRules(): Rules {
  const rules: Record<string, readonly Alternative[]> = {};
  const starts: Record<string, Alternative[]> = {};
  const start = (symbol: string, weight: number, words: string): void => {
    (starts[symbol] ??= []).push([weight, words]);
  };
  for (const subject of SUBJECTS) {
    for (const mood of MOODS) {
      const name = `${subject}${mood}`;
      rules[`Clause:${name}`] = [
        [11, `the Noun:${subject} was Is:${name}`],
        ...(SPECIAL_CLAUSES[`Clause:${name}`] ?? []),
      ];
      start(`Was:${subject}`, MOOD_WEIGHT[mood], `Is:${name} Tail:${name}`);
      start('Clause', MOOD_WEIGHT[mood], `Clause:${name} Tail:${name}`);
    }
  }
  return { ...rules, ...starts };
}
