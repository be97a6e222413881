import { describe, expect, it } from 'vitest';
import prompts from '../../src/tasks/text/prompts.json';
import { readCoder } from '../../src/tasks/text/coder';
import { trainTokenizer } from '../../src/tasks/text/corpus/bytePairs';
import { plainText, readCorpus } from '../../src/tasks/text/corpus/corpus';

const LENGTHS = { promptLength: 12, completionLength: 24 };

/** Real beginnings of stories, each made a sentence. */
const TEXT = plainText(prompts.training.map((prompt) => prompt.replace(/\W*$/, '.')).join('\n'));

function corpusOf(text: string, seed = 0) {
  const coder = readCoder(trainTokenizer(text, 300), [0, 1, 2]);
  return { coder, ...readCorpus(text, coder, { ...LENGTHS, seed, beginning: 1, end: 2 }) };
}

describe('a corpus of one’s own text', () => {
  const { coder, example, heldOut, prompts: asked } = corpusOf(TEXT);
  const examples = Array.from({ length: 200 }, (_, i) => example(i));
  const written = (ids: ArrayLike<number>) => coder.decode(Array.from(ids).filter((id) => id > 2));

  it('has passages of the text, which begin with a sentence and fit', () => {
    for (const { prompt, completion } of [...examples, ...heldOut]) {
      const passage = written(prompt) + written(completion);
      const at = TEXT.indexOf(passage);
      expect(at, passage).toBeGreaterThanOrEqual(0);
      expect(TEXT.slice(0, at)).toMatch(/^$|[.] $/);
      expect(prompt[0]).toBe(1);
      expect(prompt.length).toBeLessThanOrEqual(LENGTHS.promptLength);
      expect(completion.length).toBeLessThanOrEqual(LENGTHS.completionLength);
    }
  });

  it('ends completions where a sentence ends, if one does', () => {
    const ended = examples.filter(({ completion }) => completion[completion.length - 1] === 2);
    expect(ended.length).toBeGreaterThan(100);
    for (const { completion } of ended) expect(written(completion)).toMatch(/[.]$/);
  });

  it('keeps the last tenth of the text for looking at the model', () => {
    const read = examples.map(({ prompt }) => TEXT.indexOf(written(prompt)));
    const unread = heldOut.map(({ prompt, completion }) => TEXT.indexOf(written(prompt) + written(completion)));
    expect(Math.min(...unread)).toBeGreaterThan(0.8 * TEXT.length);
    expect(Math.max(...read)).toBeLessThan(Math.min(...unread));
  });

  it('asks beginnings whose tokens are those of the passages', () => {
    expect(asked.training.length).toBeGreaterThan(20);
    expect(asked.test.length).toBeGreaterThan(0);
    for (const prompt of [...asked.training, ...asked.test]) {
      expect(TEXT).toContain(prompt);
      expect(1 + coder.encode(prompt).length).toBeLessThanOrEqual(LENGTHS.promptLength);
    }
  });

  it('is the same for the same seed, another for another', () => {
    expect(corpusOf(TEXT).example(7)).toEqual(example(7));
    expect(corpusOf(TEXT, 1).example(7)).not.toEqual(example(7));
  });

  it('begins at any word where a text has no sentences', () => {
    const verse = TEXT.replace(/[.]/g, '');
    const { example: one, prompts: of } = corpusOf(verse);
    expect(one(3).completion).toHaveLength(LENGTHS.completionLength);
    expect(of.test.length).toBeGreaterThan(0);
  });

  it('takes letters that one token does not spell', () => {
    const { prompts: of } = corpusOf(`${TEXT} ${'Äpfel, Öl und Übermut. '.repeat(40)} Çédille ñandú œuvre.`);
    expect([...of.training, ...of.test].join()).not.toContain('\uFFFD');
  });
});

it('a plain text has one line and plain marks', () => {
  expect(plainText('  “It’s”\n\n late – he\tsaid…\uD800 ')).toBe('"It\'s" late - he said...');
});
