import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseLlama2c } from '../../src/policy/llama2c';
import { parameterCount } from '../../src/policy/parameters';
import { encodeRewardModel, parseRewardModel, rewardsAlong, type RewardModel } from '../../src/policy/rewardModel';
import { transformerLayout } from '../../src/policy/transformer';
import { readCoder } from '../../src/tasks/text/coder';
import { scoreBy } from '../../src/tasks/text/score';
import { wordsOf } from '../../src/tasks/text/words';
import { learntOracle } from '../../src/training/learntOracle';
import { modelCoder } from '../../src/training/modelCoder';

const SHIPPED = new Uint8Array(readFileSync('public/checkpoints/stories-votes.safetensors'));
const model = parseRewardModel(SHIPPED);
const coder = modelCoder(model);
const [END] = model.ends as [number];

const rewardOf = (ids: readonly number[]): number =>
  rewardsAlong(model, [model.beginning, ...ids].slice(0, model.length)).at(-1)!;

/** The oracle is the task's only one, and its sum is not scaled. */
const score = scoreBy(
  coder.pieces,
  model.ends,
  [{ of: 'learnt', model: 'votes', weight: 1 }],
  { oracle: 'sum', rewardScale: 1 },
  new Map([['votes', learntOracle(SHIPPED)]]),
);

const TEXTS = [
  ['Once upon a time,', ' there was a happy dog. It did not like the rain.', true],
  ['The little girl', ' was sad, but her mom gave her a big hug!', true],
  ['Tom and', ' Mia like to play in the sun. One day, they saw a dra', false],
  ['Lily had a', '', true],
] as const;

describe('an oracle that has learnt', () => {
  it.each(TEXTS)('credits add up to the reward of the text less that of its prompt: %j, %j', (prompt, text, ended) => {
    const [before, own] = [coder.encode(prompt), [...coder.encode(text), ...(ended ? [END] : [])]];
    const { contributions, reward } = score([model.beginning, ...before], own);
    const gained = rewardOf([...before, ...own]) - rewardOf(before);
    expect(contributions.reduce((sum, credit) => sum + credit, 0)).toBeCloseTo(gained, 9);
    // An unbounded reward is 4/5.5 of the sum.
    expect(reward).toBeCloseTo((4 * gained) / 5.5, 9);
  });

  it.each(TEXTS)(
    'a word is credited at its end with what the reward has gained since the one before: %j, %j',
    (prompt, text, ended) => {
      const before = coder.encode(prompt);
      const own = [...coder.encode(text), ...(ended ? [END] : [])];
      const { contributions } = score([model.beginning, ...before], own);
      /** Tokens up to each word's end. */
      const ends = wordsOf(text).map(({ end }) => coder.encode(text.slice(0, end)).length);
      const expected = own.map(() => 0);
      let reached = rewardOf(before);
      const credit = (token: number, count: number) => {
        const now = rewardOf([...before, ...own.slice(0, count)]);
        expected[token]! += now - reached;
        reached = now;
      };
      for (const count of ends) credit(count - 1, count);
      // What stands behind the last word is the end's.
      credit(own.length - 1, own.length);
      contributions.forEach((found, i) => expect(found, `token ${i}`).toBeCloseTo(expected[i]!, 9));
    },
  );

  it('does not see what lies behind the length that it reads', () => {
    const own = coder.encode(' The dog ran and the cat ran too.'.repeat(12));
    const { contributions } = score([model.beginning], own);
    expect(own.length).toBeGreaterThan(model.length);
    const seen = contributions.findLastIndex((credit) => credit !== 0);
    expect(seen).toBeLessThan(model.length);
    expect(seen).toBeGreaterThan(model.length - 4);
  });

  it('keeps to words where the tokenizer puts a space before a text', () => {
    const { tokenizer } = parseLlama2c(readFileSync('tests/golden/llama/llama2c.bin'));
    const pieces = readCoder(tokenizer!, [0, 1, 2]);
    const sizes = { vocabulary: pieces.pieces.length, width: 8, layers: 1, heads: 1, hidden: 8 };
    const wave = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(0.7 * i));
    const spaced: RewardModel = {
      sizes,
      weights: wave(parameterCount(transformerLayout(sizes))),
      head: wave(sizes.width),
      beginning: 1,
      ends: [2],
      tokenizer: tokenizer!,
      length: 32,
      origin: {},
    };
    // A word whose last token is one letter: "dog", "h" "a" "t".
    const ids = pieces.encode('the dog hat the dog');
    const text = ids.map((id) => pieces.pieces[id]).join('');
    expect(text).toBe(' the dog hat the dog');
    const along = rewardsAlong(spaced, [1, ...ids]);
    const words = wordsOf(text);
    const credits = learntOracle(encodeRewardModel(spaced)).credits({ text, from: 8, words, first: 2, ended: false });
    const [dog, hat, the, again] = [2, 6, 7, 8].map((token) => along[token]!) as [number, number, number, number];
    [hat - dog, the - hat, again - the, 0].forEach((credit, i) => expect(credits[i]).toBeCloseTo(credit, 9));
  });
});
