import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { reviewsTask } from '../../src/tasks/reviews';
import { lab, scratchFolder } from './lab';

const FILES = ['reviews.card.md', 'reviews.safetensors', 'reviews.tokenizer.json'];

describe('lab pretrain reviews', () => {
  const [first, second, other] = [join(scratchFolder(), 'a', 'b'), scratchFolder(), scratchFolder()];
  const pretrain = (out: string, seed: string) =>
    lab(['pretrain', 'reviews', '--steps', '3', '--seed', seed, '--out', out]);
  beforeAll(async () => {
    for (const [folder, seed] of [
      [first, '1'],
      [second, '1'],
      [other, '2'],
    ] as const) {
      const { code, stdout, stderr } = await pretrain(folder, seed);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^Loss \d\.\d{4} nats per word/);
    }
  }, 120_000);

  const read = (folder: string, file: string) => readFileSync(join(folder, file));

  it('writes the same bytes for the same seed, others for another', () => {
    for (const folder of [first, second, other]) expect(readdirSync(folder).sort()).toEqual(FILES);
    for (const file of FILES) expect(read(first, file).equals(read(second, file)), file).toBe(true);
    expect(read(first, FILES[1]!).equals(read(other, FILES[1]!))).toBe(false);
  });

  it('writes a checkpoint under 1 MB', () => {
    expect(read(first, 'reviews.safetensors').length).toBeLessThan(1_000_000);
  });

  it('writes the tokenizer', () => {
    expect(JSON.parse(read(first, 'reviews.tokenizer.json').toString())).toMatchObject({
      vocabulary: reviewsTask.vocabulary,
      specialTokens: { padding: { id: 0 }, beginning: { id: 1 }, end: { id: 2 } },
      promptLength: reviewsTask.promptLength,
      completionLength: reviewsTask.completionLength,
    });
  });

  it('writes a card with data, steps, loss against the entropy, and samples', () => {
    const card = read(first, 'reviews.card.md').toString();
    expect(card).toContain('npm run lab -- pretrain reviews --seed 1 --steps 3 --backend wasm');
    expect(card).toMatch(/^\| Data \| 192 reviews .* seed 1/m);
    const number = (row: string) => Number(new RegExp(`^\\| ${row} \\| (-?[\\d.]+)`, 'm').exec(card)?.[1]);
    // After three steps hardly better than guessing among all words, and far above the floor.
    expect(number('Loss')).toBeGreaterThan(number("The grammar's own entropy"));
    expect(number('Loss')).toBeLessThan(Math.log(reviewsTask.vocabulary.length) + 0.5);
    expect(number('Grammatical')).toBeLessThan(20);
    expect(card.match(/^- _.+_ .* \(-?\d\.\d\d\)$/gm)).toHaveLength(12);
  });
});
