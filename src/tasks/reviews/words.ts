/**
 * The words reviews are made of, by subject and by mood; the rules of `rules.ts` put them together.
 *
 * Two conditions keep the grammar unambiguous: within a subject `gradable` and `strong` share no word, and no word
 * appears in two moods. The words before and after "and" in a pair are disjoint too, so pairs cannot be chained.
 */

/** What a clause says of its subject: praise, nothing much, blame. */
export type Mood = '+' | '0' | '-';
export const MOODS: readonly Mood[] = ['+', '0', '-'];

export type Subject = 'food' | 'people' | 'place';
export const SUBJECTS: readonly Subject[] = ['food', 'people', 'place'];

export const NOUNS: Readonly<Record<Subject, string>> = {
  food: 'soup pasta pizza steak fish curry chicken burger stew rice pie tart dessert',
  people: 'waiter waitress chef owner staff',
  place: 'room terrace garden balcony bar',
};

export interface Adjectives {
  /** Bear "very", "rather" and "not". */
  readonly gradable: string;
  /** Bear "absolutely" and "simply" instead. */
  readonly strong: string;
  /** Bear "too"; among the gradable. */
  readonly excessive?: string;
  /** "fresh and delicious": one of `pairFirst`, "and", one of `pairSecond`. */
  readonly pairFirst: string;
  readonly pairSecond: string;
}

export const ADJECTIVES: Readonly<Record<Subject, Readonly<Record<'+' | '-', Adjectives>>>> = {
  food: {
    '+': {
      gradable: 'good nice tasty fresh',
      strong: 'delicious excellent perfect superb amazing outstanding',
      pairFirst: 'fresh rich tasty',
      pairSecond: 'delicious excellent perfect',
    },
    '-': {
      gradable: 'bad bland cold salty greasy boring',
      strong: 'awful terrible horrible disgusting tasteless',
      excessive: 'cold salty greasy',
      pairFirst: 'cold bland greasy',
      pairSecond: 'boring tasteless disappointing',
    },
  },
  people: {
    '+': {
      gradable: 'friendly kind helpful polite attentive cheerful',
      strong: 'charming wonderful brilliant fantastic',
      pairFirst: 'friendly kind polite cheerful',
      pairSecond: 'helpful attentive charming',
    },
    '-': {
      gradable: 'rude slow careless impatient lazy',
      strong: 'awful terrible horrible dreadful',
      excessive: 'slow impatient',
      pairFirst: 'rude slow lazy',
      pairSecond: 'careless impatient bored',
    },
  },
  place: {
    '+': {
      gradable: 'nice pleasant clean warm comfortable',
      strong: 'lovely beautiful charming wonderful',
      pairFirst: 'warm clean bright calm',
      pairSecond: 'pleasant comfortable beautiful',
    },
    '-': {
      gradable: 'dirty noisy cold dark crowded',
      strong: 'ugly awful terrible',
      excessive: 'noisy cold dark crowded',
      pairFirst: 'dark dirty cold',
      pairSecond: 'noisy crowded ugly',
    },
  },
};

/** Predicates without a mood, by subject. */
export const NEUTRAL: Readonly<Record<Subject, readonly string[]>> = {
  food: ['fine', 'ok', 'average', 'ordinary', 'not bad', 'nothing special', 'as expected'],
  people: ['fine', 'ok', 'busy', 'not bad', 'rather quiet', 'as expected'],
  place: ['fine', 'ok', 'ordinary', 'rather small', 'not bad', 'nothing special', 'rather quiet'],
};
