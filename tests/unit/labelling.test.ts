import { describe, expect, it } from 'vitest';
import { labelProbability, preferenceProbability } from '../../src/math/bradleyTerry';
import { PANEL_SIZE, reviews, scoreBy } from '../../src/tasks/reviews';
import ratings from '../../src/tasks/reviews/panel.json';
import { END } from '../../src/tasks/task';
import { wordIds } from '../../src/tasks/reviews/vocabulary';

describe('labelProbability', () => {
  it.each([
    ['bradley-terry', 0, 2, 1, preferenceProbability(2, 1)],
    ['deterministic', 0, 2, 1, 1],
    ['deterministic', 0, 1, 2, 0],
    ['deterministic', 0, 1, 1, 0.5],
    ['deterministic', 0.2, 2, 1, 0.8],
    ['deterministic', 0.2, 1, 2, 0.2],
    ['deterministic', 0.2, 1, 1, 0.5],
    ['bradley-terry', 0.5, 9, 1, 0.5],
    ['bradley-terry', 0.1, 2, 1, 0.9 * preferenceProbability(2, 1) + 0.1 * preferenceProbability(1, 2)],
  ] as const)('%s, flipped by %f, of %f against %f', (rule, flip, a, b, expected) => {
    expect(labelProbability({ rule, flip }, a, b)).toBeCloseTo(expected, 12);
  });
});

describe('the panel', () => {
  const prompt = reviews.prompts[0]!;
  const review = (words: string) => [...wordIds(words), END];

  it('holds ten ratings from −4 to 4 for every word that it rated', () => {
    expect(Object.keys(ratings.words).length).toBeGreaterThan(30);
    for (const given of Object.values(ratings.words)) {
      expect(given).toHaveLength(PANEL_SIZE);
      expect(given.every((x) => Number.isInteger(x) && Math.abs(x) <= 4)).toBe(true);
    }
  });

  it('disagrees within itself where its ratings do', () => {
    const scores = Array.from({ length: PANEL_SIZE }, (_, annotator) => scoreBy(annotator, prompt, review('good .')));
    // good: 2 1 1 3 2 4 2 2 1 1
    expect(scores[5]!).toBeGreaterThan(scores[3]!);
    expect(scores[3]!).toBeGreaterThan(scores[0]!);
    expect(scores[0]!).toBeGreaterThan(scores[1]!);
    expect(scores[1]).toBe(scores[2]);
  });

  it('agrees with the oracle about what it did not rate', () => {
    const unrated = review('salty .');
    const { reward } = reviews.score(prompt, unrated);
    expect(ratings.words).not.toHaveProperty('salty');
    for (let annotator = 0; annotator < PANEL_SIZE; annotator++) {
      expect(scoreBy(annotator, prompt, unrated)).toBe(reward);
    }
  });
});
