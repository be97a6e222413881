import { describe, expect, it } from 'vitest';
import { labelLines, parseLabels, type LabelRecord } from '../../src/experiment/documents/labels';
import { problemText } from '../../src/experiment/reading';
import type { Question } from '../../src/training/annotator';
import { recordedAnswers } from '../../src/training/recordedAnswers';
import { chosenBy, cardsOf } from '../../src/views/learn/label/cards';
import { labelConfig, LABELLED_SAMPLERS, LABELLED_TASKS } from '../../src/views/learn/label/setup';
import { configOf } from '../support/tasks';

const RECORD: LabelRecord = {
  prompt: 'the soup was',
  chosen: 'warm "and" rich.\n',
  rejected: '=cold',
  arm: 'PILAF (α = 0.5)',
  seed: 3,
  step: 8,
  pair: 2,
  seconds: 4.25,
  tie: false,
};

const QUESTIONS: Question[] = Array.from({ length: 8 }, (_, i) => ({
  arm: i < 4 ? 'Vanilla' : 'PILAF',
  seed: 0,
  step: 4,
  pair: i % 4,
  prompt: 'the soup was',
  first: `first ${i}`,
  second: `second ${i}`,
  rewards: [0, 1],
}));

const recordOf = ({ arm, seed, step, pair, prompt, first, second }: Question): LabelRecord => ({
  ...{ prompt, chosen: second, rejected: first, arm, seed, step, pair },
  ...{ seconds: 1, tie: false },
});

describe('a file of labels', () => {
  it('is read as it was written, a line each', () => {
    const records = [RECORD, { ...RECORD, pair: 3, tie: true }];
    const text = labelLines(records);
    expect(text.split('\n')).toHaveLength(3);
    expect(parseLabels(text)).toEqual({ ok: true, value: records });
  });

  it('may be without what TRL does not have', () => {
    const { seconds: _, tie: __, ...bare } = RECORD;
    const parsed = parseLabels(JSON.stringify(bare));
    expect(parsed).toEqual({ ok: true, value: [{ ...bare, seconds: 0, tie: false }] });
  });

  it.each([
    ['{', /^line 1: is not a JSON object/],
    ['[1]', /^line 1: is not a JSON object/],
    [JSON.stringify({ ...RECORD, chosen: 3 }), /^line 1\.chosen: must be text/],
    [JSON.stringify({ ...RECORD, arm: undefined }), /^line 1\.arm: is missing/],
    [`\n${JSON.stringify({ ...RECORD, pair: -1 })}`, /^line 2\.pair: /],
    [JSON.stringify({ ...RECORD, step: 0.5 }), /^line 1\.step: must be a whole number/],
    [labelLines([RECORD, RECORD]), /^line 2: labels a pair that an earlier line has labelled/],
  ])('says what is wrong with %j', (text, message) => {
    const parsed = parseLabels(text);
    expect(parsed.ok ? '' : problemText(parsed.problems)).toMatch(message);
  });

  it('answers the questions that it knows, or none', () => {
    const records = QUESTIONS.map(recordOf);
    expect(recordedAnswers(records, QUESTIONS)).toEqual(QUESTIONS.map(() => 'second'));
    expect(recordedAnswers([{ ...records[0]!, tie: true }], QUESTIONS.slice(0, 1))).toEqual(['tie']);
    expect(recordedAnswers(records.slice(1), QUESTIONS)).toBeNull();
    const spaced = QUESTIONS.map((one) => ({ ...one, first: ` ${one.first}`, second: ` ${one.second}` }));
    expect(recordedAnswers(records, spaced), 'of an earlier version').toEqual(QUESTIONS.map(() => 'second'));
    const other = [{ ...records[0]!, chosen: 'something else' }, ...records.slice(1)];
    expect(() => recordedAnswers(other, QUESTIONS)).toThrow(
      /of pair 0 of Vanilla at step 4, counted from 0, is of other completions/,
    );
  });
});

describe('the cards of a round', () => {
  const cards = cardsOf(QUESTIONS, 7);

  it('show every pair once, and one of the first again with its sides swapped', () => {
    expect(cards).toHaveLength(9);
    const own = cards.slice(0, 8).map(({ question }) => question);
    expect(new Set(own)).toEqual(new Set(QUESTIONS));
    expect(own).not.toEqual(QUESTIONS);
    const [again] = cards.slice(8);
    const before = cards.findIndex(({ question }) => question === again!.question);
    expect(before).toBeLessThan(4);
    expect(again).toMatchObject({ repeats: true, flipped: !cards[before]!.flipped });
    expect(cardsOf(QUESTIONS, 7)).toEqual(cards);
  });

  it('say nothing about the arm by their side or their place', () => {
    let [flipped, vanillaFirst] = [0, 0];
    const rounds = 2000;
    for (let seed = 0; seed < rounds; seed++) {
      const [first] = cardsOf(QUESTIONS, seed);
      flipped += Number(first!.flipped);
      vanillaFirst += Number(first!.question.arm === 'Vanilla');
    }
    for (const count of [flipped, vanillaFirst]) expect(Math.abs(count / rounds - 0.5)).toBeLessThan(0.05);
  });

  it('know which completion a side is', () => {
    const [card] = cards;
    expect(chosenBy({ ...card!, flipped: false }, 'left')).toBe('first');
    expect(chosenBy({ ...card!, flipped: true }, 'left')).toBe('second');
    expect(chosenBy({ ...card!, flipped: true }, 'right')).toBe('first');
    expect(chosenBy(card!, 'tie')).toBe('tie');
  });
});

describe('what a person labels', () => {
  it.each(LABELLED_SAMPLERS.filter((name) => name !== 'vanilla'))('vanilla against %s is a config', (second) => {
    for (const task of LABELLED_TASKS) {
      const { arms, labeller } = labelConfig({ task, first: 'vanilla', second, rounds: 3, seed: 2 });
      expect(arms.map(({ sampler }) => sampler)).toEqual(['vanilla', second]);
      expect(labeller.reader).toBe('person');
    }
  });

  it.each([
    [{ labeller: { reader: 'person' as const, flip: 0.1 } }, /^labeller\.flip: must be 0 where a person labels/],
    [{ labeller: { reader: 'person' as const, rule: 'deterministic' as const } }, /^labeller\.rule: /],
    [{ start: { kind: 'offline' as const, pairs: 4, epochs: 1 } }, /^start\.kind: must be "reference" or "checkpoint"/],
    [{ rounds: { pairs: 8, epochs: 1 } }, /^rounds\.pairs: must be schedule\.pairs, 4, where a person labels/],
    [{ seeds: 9 }, /^schedule\.pairs: makes 72 pairs a step over all runs; at most 64 are allowed/],
  ])('cannot be with %j', (change, message) => {
    const config = labelConfig({ task: 'bandit', first: 'vanilla', second: 'pilaf', rounds: 3, seed: 2 });
    expect(() => configOf({ ...config, ...change })).toThrow(message);
  });
});
