import { describe, expect, it } from 'vitest';
import golden from '../golden/bytePairs.json';
import { trainTokenizer } from '../../src/tasks/text/corpus/bytePairs';
import { readCoder } from '../../src/tasks/text/coder';

interface Model {
  readonly vocab: Readonly<Record<string, number>>;
  readonly merges: readonly (readonly [string, string])[];
}

describe('a byte-pair vocabulary', () => {
  it.each(golden.found)('of $size tokens at most is the one that Hugging Face learns', (expected) => {
    const { model } = JSON.parse(trainTokenizer(golden.text, expected.size)) as { model: Model };
    const vocabulary = Object.keys(model.vocab).toSorted((a, b) => model.vocab[a]! - model.vocab[b]!);
    expect(model.merges).toEqual(expected.merges);
    expect(vocabulary).toEqual(expected.vocabulary);
  });

  it('writes a text in pieces that add up to it', () => {
    const coder = readCoder(trainTokenizer(golden.text, 300), [0, 1, 2]);
    const ids = coder.encode(golden.text);
    expect(ids.length).toBeLessThan(golden.text.length / 2);
    expect(ids.map((id) => coder.pieces[id]!).join('')).toContain('Once upon a time, in a big green field,');
  });

  it('is what there is to learn where a text is short', () => {
    expect(readCoder(trainTokenizer('a', 500), [0, 1, 2]).pieces).toEqual(['', '', '', '<unk>', 'a']);
    expect(readCoder(trainTokenizer('', 500), [0, 1, 2]).pieces).toHaveLength(4);
  });
});
