import { MOOD_WEIGHT } from './clauses';
import { oneOf, type Alternative, type Rules } from './rule';
import { MOODS, NOUNS } from './words';

/** A prompt in words, without the beginning token, and the symbol its completion is drawn from. */
export interface Opening {
  readonly words: string;
  readonly symbol: string;
}

/** An opening for each word of a list, put where "_" stands. */
const each = (frame: string, words: string, symbol: string): Opening[] =>
  words.split(' ').map((word) => ({ words: frame.replace('_', word), symbol }));

/** All openings, of three to five words. */
export const OPENINGS: readonly Opening[] = [
  ...each('the _ was', NOUNS.food, 'Was:food'),
  ...each('my _ was', NOUNS.food, 'Was:food'),
  ...each('we had the _', NOUNS.food, 'Had'),
  ...each('i tried the _', NOUNS.food, 'Had'),
  ...each('the _ was not', 'soup steak curry rice pie dessert', 'WasNot'),
  ...each('the _ was', NOUNS.people, 'Was:people'),
  ...each('last night the _ was', NOUNS.people, 'Was:people'),
  ...each('the _ was never', NOUNS.people, 'WasNever'),
  ...each('the _ was', NOUNS.place, 'Was:place'),
  ...each('this place _', 'is was', 'Was:place'),
  ...each('we came for _ and', 'breakfast lunch dinner', 'Clause'),
  ...each('i came for _ and', 'breakfast lunch dinner', 'Clause'),
  ...each('_ was a', 'it this', 'WasA'),
  { words: 'we loved the', symbol: 'Felt+' },
  { words: 'i enjoyed the', symbol: 'Felt+' },
  { words: 'we hated the', symbol: 'Felt-' },
  { words: 'i hated the', symbol: 'Felt-' },
  { words: 'we were', symbol: 'Were' },
  { words: 'last night we were', symbol: 'Were' },
];

/** How each kind of prompt is taken up; `Was:…` and `Clause` are in `clauses.ts`. */
export const OPENING_RULES: Rules = {
  Had: [
    ...MOODS.map((mood): Alternative => [MOOD_WEIGHT[mood] / 2, `and it was Is:food${mood} Tail:food${mood}`]),
    [12, 'and loved it Tail:food+'],
    [9, 'and enjoyed it Tail:food+'],
    [12, 'but it was Is:food- Tail:food-'],
    [6, 'and regretted it Tail:food-'],
    [3, 'and hated it Tail:food-'],
  ],
  WasNot: [
    [4, 'Gradable:food+ Tail:food-'],
    [4, 'very Gradable:food+ Tail:food-'],
    [3, 'bad Tail:food0'],
    [3, 'bad at all Tail:food0'],
  ],
  WasNever: [
    [3, 'Gradable:people+ Tail:people-'],
    [3, 'Gradable:people- Tail:people+'],
    [1, 'bored Tail:people+'],
  ],
  WasA: [
    [6, 'Praise Occasion Tail:food+'],
    [2, 'very Pleasing Occasion Tail:food+'],
    [2, 'really Pleasing Occasion Tail:food+'],
    [6, 'Blame Occasion Tail:food-'],
    [2, 'very bad Occasion Tail:food-'],
    [2, 'rather boring Occasion Tail:food-'],
    [3, 'quiet Occasion Tail:food0'],
  ],
  Pleasing: oneOf('good nice pleasant'),
  'Felt+': [
    [3, 'Noun:food Tail:food+'],
    [1, 'Noun:place Tail:place+'],
  ],
  'Felt-': [
    [3, 'Noun:food Tail:food-'],
    [1, 'Noun:place Tail:place-'],
  ],
  Were: [
    [2, 'Content with the Noun:food Tail:food+'],
    [2, 'Degree+ Content with the Noun:food Tail:food+'],
    [2, 'Content with the Noun:people Tail:people+'],
    [2, 'Upset with the Noun:food Tail:food-'],
    [2, 'Degree+ Upset with the Noun:food Tail:food-'],
    [2, 'Upset with the Noun:people Tail:people-'],
    [1, 'there for Occasion Tail:food0'],
  ],
  Content: oneOf('happy pleased delighted'),
  Upset: oneOf('disappointed annoyed unhappy'),
};

/** Every third opening is held out for evaluation, so both sets have every kind. */
const heldOut = (index: number): boolean => index % 3 === 2;
export const TRAINING_OPENINGS = OPENINGS.filter((_, index) => !heldOut(index));
export const TEST_OPENINGS = OPENINGS.filter((_, index) => heldOut(index));
