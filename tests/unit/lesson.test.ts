import { describe, expect, it } from 'vitest';
import { resolveSampler, SAMPLER_NAMES, type SamplerName } from '../../src/experiment/samplers/table';
import { chiSquareTail } from '../../src/math/statistics';
import { armPairs } from '../../src/theory/armPairs';
import { evaluatePrompt } from '../../src/theory/evaluate';
import { expectedDpoGradient } from '../../src/theory/gradients';
import { afterPairs, drawPair, pairGradient, trained, updated, type Lesson } from '../../src/theory/lesson';
import { optimum } from '../../src/theory/optimum';
import { labelCaption, pairCaption, updateCaption } from '../../src/views/learn/prompt/caption';
import { PromptLesson } from '../../src/views/learn/prompt/lesson.svelte';
import { bounded, CORNERS, ellipseOf, movement, placeOf, probabilitiesAt } from '../../src/views/learn/theory/simplex';
import { TheoryLesson } from '../../src/views/learn/theory/theory.svelte';

const PROMPT = { referenceLogits: [0.5, 0, -0.5, 0.2], rewards: [0, 1, 2, -1], beta: 0.8 };

const lessonOf = (sampler: SamplerName): Lesson => ({
  prompt: PROMPT,
  sampler: resolveSampler(
    { sampler, temperature: 1, n: 5, weighted: false, mixture: [{ weight: 1, first: 0.4, second: 'uniform' }] },
    PROMPT.beta,
  ),
  seed: 3,
});

describe('a lesson', () => {
  it('trains towards the optimum', () => {
    const lesson = lessonOf('pilaf');
    const { objective: best } = optimum(PROMPT.referenceLogits, PROMPT.rewards, PROMPT.beta);
    const at = (steps: number) =>
      evaluatePrompt(trained(lesson, steps), PROMPT.referenceLogits, PROMPT.rewards, PROMPT.beta).objective;
    expect(Array.from(trained(lesson, 0))).toEqual(PROMPT.referenceLogits);
    expect(at(20)).toBeGreaterThan(at(0));
    expect(best - at(400)).toBeLessThan(0.01);
  });

  it.each(SAMPLER_NAMES)('%s: draws pairs as often as its distribution says, labelled by Bradley and Terry', (name) => {
    const lesson = lessonOf(name);
    const logits = trained(lesson, 12);
    const mu = armPairs(lesson.sampler, PROMPT, logits);
    const draws = 20_000;
    const counts = new Float64Array(16);
    let [surprises, expected] = [0, 0];
    for (let index = 0; index < draws; index++) {
      const { first, second, probability, chosen } = drawPair(lesson, logits, index);
      counts[4 * first.response + second.response]!++;
      surprises += Number(chosen === first.response) - probability;
      expected += probability * (1 - probability);
      if (first.response === second.response) surprises -= 1 - probability;
    }
    let chi = 0;
    let cells = 0;
    counts.forEach((count, i) => {
      const mean = draws * mu[i]!;
      if (mean < 5) return;
      chi += (count - mean) ** 2 / mean;
      cells++;
    });
    expect(chiSquareTail(chi, cells - 1)).toBeGreaterThan(1e-4);
    expect(Math.abs(surprises)).toBeLessThan(4 * Math.sqrt(expected));
  });

  it('a pair’s gradient is what the expected one averages', () => {
    const lesson = lessonOf('hybrid');
    const logits = trained(lesson, 12);
    const mu = armPairs(lesson.sampler, PROMPT, logits);
    const sum = new Float64Array(4);
    for (let a = 0; a < 4; a++) {
      for (let b = 0; b < 4; b++) {
        const p = 1 / (1 + Math.exp(PROMPT.rewards[b]! - PROMPT.rewards[a]!));
        const [won, lost] = [pairGradient(PROMPT, logits, a, b), pairGradient(PROMPT, logits, b, a)];
        for (let k = 0; k < 4; k++) sum[k]! += mu[4 * a + b]! * (p * won[k]! + (1 - p) * lost[k]!);
      }
    }
    const expected = expectedDpoGradient(logits, PROMPT.referenceLogits, PROMPT.rewards, PROMPT.beta, mu);
    expected.forEach((value, k) => expect(sum[k]).toBeCloseTo(value, 12));
  });

  it('learns pair by pair what it learns at once', () => {
    const lesson = lessonOf('t-pilaf');
    const start = trained(lesson, 5);
    let logits = start;
    for (let index = 0; index < 30; index++) logits = updated(lesson, logits, drawPair(lesson, logits, index));
    expect(afterPairs(lesson, start, 30)).toEqual(logits);
    expect(logits).not.toEqual(start);
  });
});

describe('the lesson of one prompt', () => {
  it('is in its address', () => {
    const lesson = new PromptLesson();
    lesson.open('');
    expect(lesson.address).toBe('');
    const text = 'sampler=t-pilaf&k=4&rewards=1,2,0,-1.5&beta=0.5&alpha=2&trained=7&seed=4&pairs=12';
    lesson.open(text);
    expect(lesson.problems).toEqual([]);
    expect(lesson.address).toBe(text);
    expect(lesson.pairs).toBe(12);
    lesson.learn(5);
    expect(lesson.pairs).toBe(17);
    const again = new PromptLesson();
    again.open(lesson.address);
    expect(again.logits).toEqual(lesson.logits);
  });

  it.each([
    ['k=9', 'k: "9" is not allowed; give a whole number from 3 to 8'],
    ['k=4&rewards=1,2', 'rewards: there are 2 numbers; give 4'],
    ['rewards=1,2,x,4,5', 'rewards: "x" is not allowed; give a number from -10 to 10'],
    ['beta=', 'beta: "" is not allowed; give a number from 0.05 to 20'],
    ['sampler=best', 'sampler: "best" is not allowed; give vanilla, hybrid'],
  ])('says what is wrong with %s, and keeps the rest as usual', (text, message) => {
    const lesson = new PromptLesson();
    lesson.open(`${text}&trained=9`);
    expect(lesson.problems.map((problem) => `${problem.path}: ${problem.message}`)[0]).toMatch(message);
    expect(lesson.trained).toBe(9);
  });

  it('tells a pair stage by stage, and counts guesses', () => {
    const lesson = new PromptLesson();
    lesson.open('');
    lesson.guess = lesson.drawn.chosen;
    const { drawn, logits } = lesson;
    lesson.tell();
    expect(pairCaption(drawn, lesson.lesson.sampler, lesson.lesson.prompt, logits)).toMatch(/drawn from|One is drawn/);
    lesson.tell();
    expect(labelCaption(drawn)).toMatch(/The annotator prefers [A-E] to [A-E] with probability σ/);
    lesson.tell();
    expect(lesson.guesses).toEqual({ right: 1, all: 1 });
    expect(updateCaption(lesson.last!, lesson.logits)).toMatch(/raises the logit of [A-E] by \+.*: right\.$/);
    lesson.restart();
    expect(lesson.logits).toEqual(logits);
  });
});

describe('the triangle', () => {
  it('has probabilities for points and points for probabilities', () => {
    const p = bounded([0.2, 0.3, 0.5]);
    const [a, b, c] = probabilitiesAt(placeOf(p));
    [a, b, c].forEach((value, k) => expect(value).toBeCloseTo(p[k]!, 12));
    expect(placeOf([0, 0, 1])).toEqual(CORNERS[2]);
    expect(probabilitiesAt([-3, 5]).every((value) => value > 0)).toBe(true);
  });

  it('moves probabilities as their logits move', () => {
    const [p, v] = [bounded([0.2, 0.3, 0.5]), [0.3, -1, 0.2]];
    const h = 1e-6;
    const moved = (scale: number) => {
      const weights = p.map((value, k) => value * Math.exp(scale * v[k]!));
      const sum = weights.reduce((x, y) => x + y, 0);
      return weights.map((value) => value / sum);
    };
    movement(p, v).forEach((value, k) => expect(value).toBeCloseTo((moved(h)[k]! - moved(-h)[k]!) / (2 * h), 8));
  });

  it('draws an ellipse of a covariance', () => {
    // Equal and independent but for the sum: a circle.
    const { major, minor } = ellipseOf([2, -1, -1, -1, 2, -1, -1, -1, 2].map((value) => value / 3));
    expect(major).toBeCloseTo(minor, 12);
    expect(major).toBeCloseTo(Math.sqrt((-2 * Math.log(0.05)) / 2), 12);
  });

  it('is in its address, with what the theory says', () => {
    const lesson = new TheoryLesson();
    lesson.open('rewards=0,1,2&at=0.2,0.3&samplers=vanilla,t-pilaf&flow=objective');
    expect(lesson.problems).toEqual([]);
    expect(lesson.address).toBe('rewards=0,1,2&at=0.2,0.3&flow=objective&samplers=vanilla,t-pilaf');
    expect(lesson.facts.map(({ name }) => name)).toEqual(['vanilla', 't-pilaf']);
    for (const { efficiency } of lesson.facts) expect(efficiency).toBeLessThan(1);
    expect(lesson.lines.length).toBeGreaterThan(20);
    // ∇J leads to the optimum from everywhere.
    const best = placeOf(lesson.best.policy);
    for (const line of lesson.lines) {
      const [first, last] = [line[0]!, line.at(-1)!];
      const distance = (point: readonly number[]) => Math.hypot(point[0]! - best[0], point[1]! - best[1]);
      expect(distance(last)).toBeLessThan(Math.max(0.03, distance(first) - 0.1));
    }
  });
});
