import * as v from 'valibot';
import { shown } from '../reading';
import { list, number, object, text } from './pieces';

/** What the config, the page and the runner know of an oracle of plain text; what it does is in `tasks/text/oracles/`. */
interface OracleRow {
  readonly title: string;
  /** What it credits, and where it is from. */
  readonly help: string;
  readonly schema: ReturnType<typeof object>;
}

const weight = v.optional(number('oracleWeight'), 1);

const sentiment = object({ of: v.literal('sentiment'), weight });
const simpleWords = object({ of: v.literal('simple-words'), weight });
const variety = object({ of: v.literal('variety'), weight });
const ending = object({ of: v.literal('ending'), weight });
const word = object({ of: v.literal('word'), word: text('a word', 40), weight });
const learnt = object({ of: v.literal('learnt'), model: text('the name of a reward model', 400), weight });
const length = object({ of: v.literal('length'), words: v.optional(number('oracleWords'), 30), weight });

/** Every oracle of plain text, one row each. */
export const ORACLES = {
  sentiment: {
    title: 'Sentiment',
    help: 'Each word’s rated valence, from −4 to 4, with negation and degree: VADER (Hutto and Gilbert 2014).',
    schema: sentiment,
  },
  'simple-words': {
    title: 'Simple words',
    help: 'One off for each word that is not among the 3,000 that children know (Dale and Chall 1995).',
    schema: simpleWords,
  },
  variety: { title: 'Variety', help: 'A quarter off for each earlier use of the same word.', schema: variety },
  ending: { title: 'A whole ending', help: 'One off for a text that is cut off.', schema: ending },
  word: {
    title: 'A word',
    help: 'One for the first use of a word; with a negative weight it must not occur.',
    schema: word,
  },
  learnt: {
    title: 'A learnt reward',
    help: 'A small transformer with a scalar head that has learnt from votes (lab reward makes one).',
    schema: learnt,
  },
  length: { title: 'Length', help: 'A tenth off for each word more, or fewer, than so many.', schema: length },
} as const satisfies Record<string, OracleRow>;

/** The reward model that ships; docs/stories.md says what it has learnt. */
export const SHIPPED_REWARD_MODEL = 'stories-votes';

export type OracleName = keyof typeof ORACLES;
export const ORACLE_NAMES = Object.keys(ORACLES) as OracleName[];

type OracleSchema = (typeof ORACLES)[OracleName]['schema'];

const oracleSchema = v.variant(
  'of',
  Object.values(ORACLES).map(({ schema }): OracleSchema => schema),
  (issue) =>
    `${shown(issue.input)} is not allowed; give an oracle with of ${ORACLE_NAMES.map((n) => `"${n}"`).join(', ')}`,
);

export type OracleConfig = v.InferOutput<typeof oracleSchema>;

/** A sum of oracles. */
export const oraclesSchema = list(oracleSchema, 1, 8);
