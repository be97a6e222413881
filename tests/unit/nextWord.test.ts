import { describe, expect, it } from 'vitest';
import { softmax } from '../../src/math/logits';
import { normal, STREAM } from '../../src/math/random';
import { logNormaliser, logRatios, tokenAgainstSequence, type DrawnText } from '../../src/theory/nextWord';
import { interpolatedProbabilities } from '../../src/theory/pairDistribution';

/** A model of two words out of three, with logits of its own after each first word: few enough to enumerate. */
const WORDS = 3;
const ALPHA = 0.8;
const logits = (model: number, first: number) =>
  Array.from({ length: WORDS }, (_, item) =>
    normal({ seed: 4, stream: STREAM.corpus, step: model, row: first + 1, token: 0 }, item),
  );
const at = (first: number) => ({ policy: logits(0, first), reference: logits(1, first) });
const TEXTS = Array.from({ length: WORDS * WORDS }, (_, i) => [Math.floor(i / WORDS), i % WORDS] as const);
const chance = (model: 'policy' | 'reference', [a, b]: readonly [number, number]) =>
  softmax(at(-1)[model])[a]! * softmax(at(a)[model])[b]!;
const pushed = (words: ReturnType<typeof at>) => interpolatedProbabilities(ALPHA, words.policy, words.reference);

const seen = ([a, b]: readonly [number, number]): DrawnText => ({
  logRatio: logRatios(at(-1))[a]! + logRatios(at(a))[b]!,
  logNormalisers: logNormaliser(at(-1), ALPHA) + logNormaliser(at(a), ALPHA),
});

describe('π⁺ word by word', () => {
  it('divides each word by its own Z', () => {
    for (const text of TEXTS) {
      const [a, b] = text;
      const byToken = pushed(at(-1))[a]! * pushed(at(a))[b]!;
      const { logRatio, logNormalisers } = seen(text);
      expect(chance('policy', text) * Math.exp(ALPHA * logRatio - logNormalisers)).toBeCloseTo(byToken, 12);
      expect(chance('policy', text) / chance('reference', text)).toBeCloseTo(Math.exp(logRatio), 12);
    }
  });

  it('differs from π⁺ of whole texts as it is said to, when all texts are drawn as often as they should', () => {
    const draws = 20_000;
    const drawn = TEXTS.flatMap((text) =>
      Array.from({ length: Math.round(draws * chance('policy', text)) }, () => seen(text)),
    );
    const whole = TEXTS.map((text) => chance('policy', text) * Math.exp(ALPHA * seen(text).logRatio));
    const total = whole.reduce((a, b) => a + b, 0);
    const distance =
      TEXTS.reduce((sum, [a, b], i) => sum + Math.abs(pushed(at(-1))[a]! * pushed(at(a))[b]! - whole[i]! / total), 0) /
      2;
    expect(distance).toBeGreaterThan(0.005);
    expect(tokenAgainstSequence(drawn, ALPHA).distance).toBeCloseTo(distance, 2);
    const { factors } = tokenAgainstSequence(TEXTS.map(seen), 0);
    factors.forEach((factor) => expect(factor).toBeGreaterThan(0));
  });
});
