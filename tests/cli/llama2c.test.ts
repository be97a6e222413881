import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { llama2cFiles } from '../support/llama2c';
import { configFile, lab, run, scratchFolder } from './lab';

const { whole, weights, tokenizer } = llama2cFiles();

/** The path of a model in a new folder, with what lies beside it. */
function modelAt(files: Readonly<Record<string, Uint8Array>>): string {
  const folder = join(scratchFolder(), 'model');
  mkdirSync(folder);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return join(folder, Object.keys(files)[0]!);
}

const race = (checkpoint: string) => ({
  task: { kind: 'text', checkpoint, oracles: [{ of: 'variety' }] },
  arms: [{ sampler: 'vanilla' }],
  seeds: 1,
  beta: 0.1,
  learningRate: 0.01,
  schedule: { steps: 2, pairs: 2 },
  evaluation: { every: 2, samples: 4 },
});

/** The folder's path is in the config, but in no number. */
const numbersOf = async (checkpoint: string) => {
  const { results } = await run(race(checkpoint), '--backend', 'wasm');
  return results.runs[0]!.evaluations;
};

describe('a model of llama2.c', () => {
  it('races by the path of its .bin, with its tokenizer.bin beside it or behind its weights', async () => {
    const beside = await numbersOf(modelAt({ 'stories.bin': weights, 'tokenizer.bin': tokenizer }));
    expect(beside.at(-1)!.kl).toBeGreaterThan(0);
    expect(await numbersOf(modelAt({ 'stories.bin': whole }))).toEqual(beside);
  });

  it('is refused without a tokenizer, in a sentence', async () => {
    const config = configFile(race(modelAt({ 'stories.bin': weights })));
    const { code, stderr } = await lab(['run', config, '--backend', 'wasm'], { direct: true });
    expect(stderr).toMatch(
      /^[^\n]*task[.]checkpoint[^\n]*the weights of llama2[.]c need a tokenizer[.]bin beside them[.]\n$/,
    );
    expect(code).toBe(2);
  });
});
