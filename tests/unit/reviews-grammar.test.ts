import { describe, expect, it } from 'vitest';
import {
  completionLengths,
  entropyPerCompletion,
  entropyPerWord,
  isGrammatical,
  logProbability,
  reviews,
  sampleDerivation,
  sampleReview,
} from '../../src/tasks/reviews';
import { wordIds } from '../../src/tasks/reviews/vocabulary';
import { BEGINNING, END, PADDING } from '../../src/tasks/task';

const SEED = 11;
const derivations = Array.from({ length: 4000 }, (_, index) => sampleDerivation(SEED, index));
const prompt = (words: string): number[] => [BEGINNING, ...wordIds(words)];
const ended = (words: string): number[] => [...wordIds(words), END];

describe('the vocabulary', () => {
  const { vocabulary } = reviews;

  it('starts with the special tokens and fits the policy', () => {
    expect(vocabulary[PADDING]).toBe('<pad>');
    expect(vocabulary[BEGINNING]).toBe('<bos>');
    expect(vocabulary[END]).toBe('<eos>');
    expect(vocabulary.length).toBeGreaterThanOrEqual(120);
    expect(vocabulary.length).toBeLessThanOrEqual(200);
    expect(vocabulary.length % 4).toBe(0);
    expect(new Set(vocabulary).size).toBe(vocabulary.length);
  });

  it('holds words, not left-over names of symbols', () => {
    for (const word of vocabulary.slice(3)) expect(word).toMatch(/^([a-z]+|[.,])$/);
  });

  it('is used to the last word', () => {
    const seen = new Set(
      Array.from({ length: 20000 }, (_, index) => sampleReview(1, index)).flatMap((review) => [
        ...review.prompt,
        ...review.completion,
      ]),
    );
    expect(vocabulary.filter((_, id) => id !== PADDING && !seen.has(id))).toEqual([]);
  });
});

describe('prompts', () => {
  const { prompts, testPrompts, promptLength } = reviews;

  it('are enough, short and start with the beginning token', () => {
    expect(prompts.length).toBeGreaterThanOrEqual(40);
    expect(testPrompts.length).toBeGreaterThanOrEqual(24);
    expect(promptLength).toBeLessThanOrEqual(6);
    for (const ids of [...prompts, ...testPrompts]) {
      expect(ids[0]).toBe(BEGINNING);
      expect(ids.length).toBeLessThanOrEqual(promptLength);
    }
  });

  it('are all different, in training and evaluation', () => {
    const written = [...prompts, ...testPrompts].map((ids) => ids.join(' '));
    expect(new Set(written).size).toBe(written.length);
  });
});

describe('samples', () => {
  it('depend on seed and index only', () => {
    const backwards = [...derivations.keys()].slice(0, 50).reverse();
    for (const index of backwards) {
      const { prompt, completion } = derivations[index]!;
      expect(sampleReview(SEED, index)).toEqual({ prompt, completion });
    }
    const others = derivations.slice(0, 50).map((_, index) => sampleReview(SEED + 1, index).completion);
    expect(others).not.toEqual(derivations.slice(0, 50).map(({ completion }) => completion));
  });

  it('go on beyond the rows of one step', () => {
    expect(sampleReview(SEED, 2 ** 20 + 5)).not.toEqual(sampleReview(SEED, 5));
  });

  it('are grammatical, end once and keep to the length', () => {
    for (const { prompt, completion } of derivations) {
      expect(isGrammatical(prompt, completion)).toBe(true);
      expect(completion.indexOf(END)).toBe(completion.length - 1);
      expect(completion.length).toBeLessThanOrEqual(reviews.completionLength);
    }
    expect(reviews.completionLength).toBeLessThanOrEqual(24);
    const typical = derivations.filter(({ completion }) => completion.length >= 8 && completion.length <= 20);
    expect(typical.length / derivations.length).toBeGreaterThan(0.85);
  });
});

describe('exact numbers', () => {
  it('hold for one derivation per review: its probability is the probability of the string', () => {
    for (const { prompt, completion, logProbability: expected } of derivations) {
      expect(logProbability(prompt, completion)).toBeCloseTo(expected, 9);
    }
  });

  it('agree with a hand value', () => {
    // Praise 42 %; one bare adjective 5 of 23, each of four alike; then a stop, 5 of 103.
    const value = logProbability(prompt('the soup was'), ended('good .'));
    expect(value).toBeCloseTo(Math.log((42 / 100) * (5 / 23) * (1 / 4) * (5 / 103)), 12);
  });

  it('give the entropy and length that sampling finds', () => {
    const values = derivations.map(({ logProbability: value }) => -value);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
    const standardError = Math.sqrt(variance / values.length);
    expect(Math.abs(mean - entropyPerCompletion())).toBeLessThan(4 * standardError);

    const tokens = derivations.reduce((sum, { completion }) => sum + completion.length, 0) / derivations.length;
    expect(Math.abs(tokens - completionLengths().mean)).toBeLessThan(0.3);
    expect(entropyPerWord()).toBeCloseTo(entropyPerCompletion() / completionLengths().mean, 12);
    expect(entropyPerWord()).toBeGreaterThan(0.8);
  });
});

describe('the recogniser', () => {
  it('knows a review from its neighbours', () => {
    const soup = prompt('the soup was');
    expect(isGrammatical(soup, ended('fresh and delicious , but the waiter was rude .'))).toBe(true);
    expect(isGrammatical(soup, ended('fresh and delicious , but the waiter was kind .'))).toBe(false);
    expect(isGrammatical(soup, ended('delicious delicious .'))).toBe(false);
    expect(isGrammatical(soup, ended('delicious'))).toBe(false);
    expect(isGrammatical(soup, [END])).toBe(false);
    expect(isGrammatical(soup, [])).toBe(false);
  });

  it('wants the end token and a prompt of the grammar', () => {
    const soup = prompt('the soup was');
    expect(isGrammatical(soup, wordIds('delicious .'))).toBe(false);
    expect(isGrammatical(soup, [...ended('delicious .'), END])).toBe(false);
    expect(isGrammatical(prompt('soup the was'), ended('delicious .'))).toBe(false);
    expect(isGrammatical(prompt('the waiter was'), ended('delicious .'))).toBe(false);
  });
});

describe('text', () => {
  it('is written as a person would', () => {
    expect(reviews.text([...prompt('the soup was'), ...ended('cold , but we left happy .'), PADDING])).toBe(
      'the soup was cold, but we left happy.',
    );
    expect(reviews.text([])).toBe('');
  });
});
