import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { OracleConfig } from '../../src/experiment/config/oracles';
import { parseSafetensors } from '../../src/policy/safetensors';
import { END } from '../../src/tasks/task';
import { readCoder } from '../../src/tasks/text/coder';
import { oracleOf } from '../../src/tasks/text/oracles/table';
import { scoreBy } from '../../src/tasks/text/score';
import { wordsOf } from '../../src/tasks/text/words';
import { readTextModel } from '../../src/training/textTask';

const TOKENIZER = readFileSync(new URL('../golden/llama/tokenizer.json', import.meta.url), 'utf8');
const golden = JSON.parse(readFileSync(new URL('../golden/llama/logits.json', import.meta.url), 'utf8')) as {
  texts: string[];
  ids: number[][];
};

/** What each word of a completion is credited with; then its end. */
const credits = (config: Parameters<typeof oracleOf>[0], completion: string, prompt = '', ended = true) => {
  const text = prompt + completion;
  const first = wordsOf(prompt).length;
  return oracleOf(config).credits({ text, from: prompt.length, words: wordsOf(text), first, ended });
};

describe('a tokenizer of Hugging Face', () => {
  const coder = readCoder(TOKENIZER, [0, 1, 2]);

  it('has the ids that the library of Python has, and pieces that make the text again', () => {
    golden.texts.forEach((text, i) => {
      expect([1, ...coder.encode(text)]).toEqual(golden.ids[i]);
      expect(golden.ids[i]!.map((id) => coder.pieces[id]).join('')).toBe(text);
    });
    expect(coder.pieces.slice(0, 3)).toEqual(['', '', '']);
  });

  it.each([
    ['no JSON', 'x', /cannot be read/],
    ['no object', '[]', /cannot be read: it is not a JSON object/],
    ['no model', '{}', /cannot be read/],
  ])('is refused with a sentence: %s', (_, text, message) => {
    expect(() => readCoder(text, [0, 1, 2])).toThrow(message);
  });
});

describe('oracles of plain text', () => {
  it('sentiment: VADER’s valences, with negation, degree and "but"', () => {
    // By hand from the published lexicon and constants: good 1.9, happy 2.7, sad −2.1.
    expect(credits({ of: 'sentiment', weight: 1 }, 'The dog was happy')).toEqual([0, 0, 0, 2.7, 0]);
    expect(credits({ of: 'sentiment', weight: 1 }, 'It was not good')[3]).toBeCloseTo(-0.74 * 1.9);
    expect(credits({ of: 'sentiment', weight: 1 }, 'It was very good')[3]).toBeCloseTo(1.9 + 0.293);
    expect(credits({ of: 'sentiment', weight: 1 }, 'sad but happy')).toEqual([-2.1 * 0.5, 0, 2.7 * 1.5, 0]);
  });

  it('sentiment: the prompt turns what follows it, and is not credited itself', () => {
    const [word] = credits({ of: 'sentiment', weight: 1 }, 'good', 'happy, it was not ');
    expect(word).toBeCloseTo(-0.74 * 1.9);
  });

  it('simple words: those that children know, and their forms, are free', () => {
    expect(credits({ of: 'simple-words', weight: 1 }, 'she jumped running happily home')).toEqual([0, 0, 0, 0, 0, 0]);
    expect(credits({ of: 'simple-words', weight: 1 }, 'an epistemic quandary')).toEqual([0, -1, -1, 0]);
    expect(credits({ of: 'simple-words', weight: 1 }, 'Zebulon ran')).toEqual([0, 0, 0]);
    // The list has castle, brave, try and big; it has neither ancient nor colossal nor any form of them.
    const text = 'the bravest tried the ancient castle’s biggest, colossal door';
    expect(credits({ of: 'simple-words', weight: 1 }, text)).toEqual([0, 0, 0, 0, -1, -1, 0, -1, 0, 0]);
  });

  it('variety: a longer word costs more each time', () => {
    expect(credits({ of: 'variety', weight: 1 }, 'happy the Happy the happy', 'so happy ')).toEqual(
      [-0.25, 0, -0.5, 0, -0.75, 0].map((x) => x),
    );
  });

  it('a word: its first use; length: each word too many or missing; ending: a text that is cut off', () => {
    expect(credits({ of: 'word', word: 'dragon', weight: 1 }, 'A Dragon saw a dragon')).toEqual([0, 1, 0, 0, 0, 0]);
    expect(credits({ of: 'length', words: 2, weight: 1 }, 'one two three')).toEqual([0, 0, -0.1, -0]);
    expect(credits({ of: 'length', words: 4, weight: 1 }, 'one two').at(-1)).toBeCloseTo(-0.2);
    expect(credits({ of: 'ending', weight: 1 }, 'cut', '', false)).toEqual([0, -1]);
  });
});

describe('the score', () => {
  const pieces = ['', '', '', ' good', ' un', 'happy', '.', ' dog'];

  it('is a weighted sum; a word’s credit is its last token’s, the end’s the last token’s', () => {
    const score = scoreBy(
      pieces,
      [END],
      [
        { of: 'sentiment', weight: 2 },
        { of: 'ending', weight: 3 },
      ],
      { oracle: 'sum', rewardScale: 1 },
    );
    const cut = score([1, 7], [4, 5, 6, 3]);
    // "unhappy" −1.8, "good" 1.9.
    expect(cut.contributions.map((x) => Math.round(100 * x) / 100)).toEqual([0, -3.6, 0, 0.8]);
    expect(score([1, 7], [3, 6, END]).contributions).toEqual([3.8, 0, 0]);
    expect(cut.reward).toBeCloseTo((4 * (-3.6 + 3.8 - 3)) / 5.5);
  });

  it('costs a word that must not occur its weight, once, and nothing where it does not', () => {
    const score = scoreBy(pieces, [END], [{ of: 'word', word: 'Dog', weight: -1.5 }], {
      oracle: 'sum',
      rewardScale: 1,
    });
    const found = score([1, 7], [3, 7, 6, 7, END]);
    // The prompt's dog is not the completion's.
    expect(found.contributions).toEqual([0, -1.5, 0, 0, 0]);
    expect(found.reward).toBeCloseTo((4 * -1.5) / 5.5);
    expect(score([1, 7], [3, 6, END])).toEqual({ reward: 0, contributions: [0, 0, 0] });
  });

  describe('of a story', () => {
    const { coder } = readTextModel(new Uint8Array(readFileSync('public/checkpoints/stories.safetensors')));
    const prompt = [1, ...coder.encode('Once upon a time,')];
    const story = ' there was a happy dog. The dog was very sad. A colossal dragon loved the happy dog';
    const oracles: OracleConfig[] = [
      // happy 2.7, very sad −2.1 − 0.293, loved 2.9, happy 2.7: 5.907.
      { of: 'sentiment', weight: 1 },
      // colossal and dragon: −2.
      { of: 'simple-words', weight: 0.5 },
      { of: 'word', word: 'dragon', weight: -2 },
      // "happy" again: −0.25; "dog" is short.
      { of: 'variety', weight: 2 },
      // 17 words: −0.2.
      { of: 'length', words: 15, weight: 1 },
      // Cut off: −1.
      { of: 'ending', weight: 1 },
    ];
    const SUM = 5.907 - 1 - 2 - 0.5 - 0.2 - 1;
    const scored = (oracle: 'bounded' | 'sum', rewardScale: number) =>
      scoreBy(coder.pieces, [2], oracles, { oracle, rewardScale })(prompt, coder.encode(story));

    it('is 4·tanh(Σ / 5.5) where it is bounded, times a factor', () => {
      const { reward, contributions } = scored('bounded', 1);
      expect(contributions.reduce((sum, credit) => sum + credit, 0)).toBeCloseTo(SUM, 9);
      // SUM is 1.207; tanh(0.2194545) = 0.2159981.
      expect(reward).toBeCloseTo(0.8639925, 6);
      expect(scored('bounded', 3).reward).toBeCloseTo(2.5919774, 6);
    });

    it('is 4·Σ / 5.5 where it is not, times a factor', () => {
      expect(scored('sum', 1).reward).toBeCloseTo((4 * SUM) / 5.5, 9);
      expect(scored('sum', 2).reward).toBeCloseTo(1.7556364, 6);
    });

    it('lies on the last token of each word that is credited', () => {
      const ids = coder.encode(story);
      const { contributions } = scored('sum', 1);
      const credited = ids.flatMap((id, i) => (contributions[i] === 0 ? [] : [coder.pieces[id]!.trim()]));
      // "coloss" "al", "drag" "on"; the 16th and the 17th word are too many.
      expect(credited).toEqual(['happy', 'sad', 'al', 'on', 'loved', 'happy', 'dog']);
    });
  });

  it('is that of nothing for an empty completion', () => {
    const score = scoreBy(pieces, [END], [{ of: 'sentiment', weight: 1 }], { oracle: 'bounded', rewardScale: 1 });
    expect(score([1, 3], [END])).toEqual({ reward: 0, contributions: [0] });
  });
});

describe('half precision in safetensors', () => {
  /** One tensor of two bytes a number. */
  function file(dtype: string, bits: readonly number[]): Uint8Array {
    const header = JSON.stringify({ x: { dtype, shape: [bits.length], data_offsets: [0, 2 * bits.length] } });
    const bytes = new Uint8Array(8 + header.length + 2 * bits.length);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, BigInt(header.length), true);
    bytes.set(new TextEncoder().encode(header), 8);
    bits.forEach((word, i) => view.setUint16(8 + header.length + 2 * i, word, true));
    return bytes;
  }
  const valuesOf = (bytes: Uint8Array) => Array.from(parseSafetensors(bytes).tensors[0]!.values);

  it('F16: normal, subnormal, signed, infinite', () => {
    const bits = [0x3c00, 0xc000, 0x3555, 0x0001, 0x8000, 0x7c00, 0x7bff];
    expect(valuesOf(file('F16', bits))).toEqual([1, -2, 0.333251953125, 2 ** -24, -0, Infinity, 65504]);
    expect(valuesOf(file('F16', [0x7e00]))).toEqual([NaN]);
  });

  it('BF16: the upper half of a float32', () => {
    expect(valuesOf(file('BF16', [0x3f80, 0xc040, 0x7f80]))).toEqual([1, -3, Infinity]);
  });
});
