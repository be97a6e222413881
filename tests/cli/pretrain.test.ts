import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CellLine } from '../../src/experiment/documents/sweepResults';
import { reviews } from '../../src/tasks/reviews';
import prompts from '../../src/tasks/text/prompts.json';
import { configFile, lab, scratchFile, scratchFolder } from './lab';

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
      vocabulary: reviews.vocabulary,
      specialTokens: { padding: { id: 0 }, beginning: { id: 1 }, end: { id: 2 } },
      promptLength: reviews.promptLength,
      completionLength: reviews.completionLength,
    });
  });

  it('writes a card with data, steps, loss against the entropy, and samples', () => {
    const card = read(first, 'reviews.card.md').toString();
    expect(card).toContain('npm run lab -- pretrain reviews --seed 1 --steps 3 --backend wasm');
    expect(card).toMatch(/^\| Data \| 192 reviews .* seed 1/m);
    const number = (row: string) => Number(new RegExp(`^\\| ${row} \\| (-?[\\d.]+)`, 'm').exec(card)?.[1]);
    // After three steps hardly better than guessing among all words, and far above the floor.
    expect(number('Loss')).toBeGreaterThan(number("The grammar's own entropy"));
    expect(number('Loss')).toBeLessThan(Math.log(reviews.vocabulary.length) + 0.5);
    expect(number('Grammatical')).toBeLessThan(20);
    expect(card.match(/^- _.+_ .* \(-?\d\.\d\d\)$/gm)).toHaveLength(12);
  });

  it('makes a model of another width, which a sweep sets beside the shipped one', async () => {
    const folder = scratchFolder();
    const made = await lab(['pretrain', 'reviews', '--steps', '1', '--width', '32', '--out', folder]);
    expect(made.code).toBe(0);
    const narrow = join(folder, 'reviews.safetensors');
    const sweep = configFile({
      base: {
        task: { kind: 'reviews' },
        arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
        seeds: 2,
        beta: 0.1,
        learningRate: 0.001,
        schedule: { steps: 2, pairs: 2 },
        evaluation: { every: 1, samples: 4 },
      },
      axes: [{ path: 'task.checkpoint', values: ['reviews', narrow] }],
    });
    const out = join(folder, 'cells.jsonl');
    const { code, stderr, stdout } = await lab([
      'sweep',
      sweep,
      '--backend',
      'wasm',
      '--show',
      'objective',
      '--out',
      out,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('PILAF: J, with 95% intervals');
    const [, ...lines] = readFileSync(out, 'utf8').trimEnd().split('\n');
    const cells = lines.map((line) => JSON.parse(line) as CellLine).sort((a, b) => a.number - b.number);
    expect(cells.map(({ values }) => values)).toEqual([
      { 'task.checkpoint': 'reviews' },
      { 'task.checkpoint': narrow },
    ]);
    expect(cells[0]!.arms[0]!.hashes).not.toEqual(cells[1]!.arms[0]!.hashes);
  }, 120_000);
});

describe('lab pretrain text', () => {
  const text = Array.from({ length: 4 }, () => prompts.training.join('\n')).join('\n');

  it('makes a policy that writes like the text, which a race then trains', async () => {
    const folder = scratchFolder();
    const args = ['--steps', '3', '--tokens', '120', '--width', '16', '--layers', '1', '--out', folder];
    const made = await lab(['pretrain', 'text', scratchFile(text, '.txt'), ...args]);
    expect({ code: made.code, stderr: made.stderr }).toEqual({ code: 0, stderr: '' });
    expect(made.stdout).toMatch(
      /^Loss \d[.]\d{3} nats per token on the part that it has not read; it writes:\n( {2}.+\n){3}/,
    );
    const [file] = readdirSync(folder);
    const race = configFile({
      task: { kind: 'text', checkpoint: join(folder, file!) },
      arms: [{ sampler: 'vanilla' }],
      seeds: 1,
      beta: 0.1,
      learningRate: 0.001,
      schedule: { steps: 2, pairs: 2 },
      evaluation: { every: 1, samples: 4 },
    });
    const { code, stderr } = await lab(['run', race, '--backend', 'wasm']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }, 60_000);

  it('keeps at Ctrl-C what it has learnt, and takes the place of no model', async () => {
    const folder = scratchFolder();
    const source = scratchFile(text, '.txt');
    const args = ['pretrain', 'text', source, '--tokens', '120', '--width', '16', '--layers', '1', '--out', folder];
    const stopped = await lab([...args, '--steps', '100000'], { interruptAfter: 6000 });
    expect(stopped.code, stopped.stderr).toBe(130);
    expect(stopped.stdout).toMatch(/^Stopped after step \d+ of 100000; what follows is of step \d+\.\nLoss /);
    const [file] = readdirSync(folder).map((name) => join(folder, name));
    const before = readFileSync(file!);
    const again = await lab([...args, '--steps', '3']);
    expect({ code: again.code, stderr: again.stderr }).toEqual({
      code: 2,
      stderr: `--out: ${file} is there already; give another folder, or move it away.\n`,
    });
    expect(readFileSync(file!).equals(before)).toBe(true);
  }, 60_000);
});
