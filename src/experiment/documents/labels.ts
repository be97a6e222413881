import * as v from 'valibot';
import { isObject } from '../../math/foreign';
import { accepted, readBy, readJson, refused, within, type Parsed } from '../reading';

/**
 * A person's labels as JSON Lines, in TRL's preference format: `prompt`, `chosen` and `rejected` are the texts, the rest
 * says which pair of which experiment it was.
 */
export interface LabelRecord {
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
  readonly arm: string;
  readonly seed: number;
  /** The step, from 0, before which the pair was collected, and its place in that collection. */
  readonly step: number;
  readonly pair: number;
  /** From when it was shown to the answer. */
  readonly seconds: number;
  /** The person could not tell: it is not trained on. */
  readonly tie: boolean;
}

const count = v.pipe(v.number('must be a whole number'), v.safeInteger('must be a whole number'), v.minValue(0));
const words = v.pipe(v.string('must be text'), v.maxLength(2000, 'is longer than 2000 letters'));

const recordSchema = v.object({
  prompt: words,
  chosen: words,
  rejected: words,
  arm: words,
  seed: count,
  step: count,
  pair: count,
  seconds: v.optional(v.pipe(v.number('must be a number'), v.finite(), v.minValue(0)), 0),
  tie: v.optional(v.boolean('must be true or false'), false),
});

const MOST_RECORDS = 100_000;

export const labelLines = (records: readonly LabelRecord[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');

/** Reads what `labelLines` has written, or somebody has made like it. */
export function parseLabels(text: string): Parsed<readonly LabelRecord[]> {
  const lines = text.trimEnd().split('\n', MOST_RECORDS + 1);
  if (lines.length > MOST_RECORDS) return refused('labels', `has more than the ${MOST_RECORDS} lines allowed`);
  const records: LabelRecord[] = [];
  const seen = new Set<string>();
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const place = `line ${i + 1}`;
    const json = readJson(line);
    if (!json.ok || !isObject(json.value)) return refused(place, 'is not a JSON object');
    const record = readBy(recordSchema, json.value, place);
    if (!record.ok) return within(place, record);
    const key = labelKey(record.value);
    if (seen.has(key)) return refused(place, 'labels a pair that an earlier line has labelled');
    seen.add(key);
    records.push(record.value);
  }
  return accepted(records);
}

/** Tells a pair of an experiment from all others. */
export const labelKey = ({ arm, seed, step, pair }: Pick<LabelRecord, 'arm' | 'seed' | 'step' | 'pair'>): string =>
  `${arm}\n${seed} ${step} ${pair}`;

/** Records by what tells their pairs apart. */
export const labelsByKey = (records: readonly LabelRecord[]): ReadonlyMap<string, LabelRecord> =>
  new Map(records.map((record) => [labelKey(record), record]));

/** A tie weighs nothing in the loss; AdamW steps on by its averages. */
export type Answer = 'first' | 'second' | 'tie';

/** The texts that a person was asked to choose between. */
interface AskedPair {
  readonly prompt: string;
  readonly first: string;
  readonly second: string;
}

/** What a record says of a pair; null where it is of other texts. */
export function answerIn(record: LabelRecord, { prompt, first, second }: AskedPair): Answer | null {
  // Earlier versions left out the space before a completion.
  const [chosen, rejected] = [record.chosen.trim(), record.rejected.trim()];
  const isPair = (one: string, other: string) => chosen === one.trim() && rejected === other.trim();
  const isFirst = isPair(first, second);
  if (record.prompt !== prompt || !(isFirst || isPair(second, first))) return null;
  return record.tie ? 'tie' : isFirst ? 'first' : 'second';
}
