import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ExperimentConfigInput } from '../../src/experiment/config/schema';
import { parseCheckpoint } from '../../src/policy/checkpoint';
import { parseLlama } from '../../src/policy/llama';
import { parseSafetensors } from '../../src/policy/safetensors';
import { parseTextModel, textModelOf } from '../../src/policy/textModel';
import { reviews } from '../../src/tasks/reviews';
import { readCoder } from '../../src/tasks/text/coder';
import { configFile, lab, run, scratchFile, scratchFolder, TINY, type Finished } from './lab';

const REVIEWS = {
  task: { kind: 'reviews' },
  arms: [{ sampler: 'pilaf', alpha: 0.5 }],
  seeds: 2,
  beta: 0.1,
  learningRate: 0.01,
  schedule: { steps: 2, pairs: 2 },
  evaluation: { every: 2, samples: 4 },
} as const satisfies ExperimentConfigInput;

const folder = join(scratchFolder(), 'made', 'for', 'it');
const checkpointOf = (path: string) => parseCheckpoint(readFileSync(path), reviews.vocabulary);
const fileOf = (name: string) => checkpointOf(join(folder, name));

let first: Finished;
beforeAll(async () => {
  first = await run(REVIEWS, '--backend', 'wasm', '--weights', folder);
});

describe('lab run --weights', () => {
  it('writes a checkpoint for each run, which says where it comes from', () => {
    expect(first.stdout).toContain(`The weights of 2 runs are in ${folder}.`);
    expect(readdirSync(folder).sort()).toEqual([
      'pilaf-alpha-0-5-seed0.safetensors',
      'pilaf-alpha-0-5-seed1.safetensors',
    ]);
    const reference = checkpointOf('public/checkpoints/reviews.safetensors');
    const { sizes, vocabulary, weights, origin } = fileOf('pilaf-alpha-0-5-seed1.safetensors');
    expect({ sizes, vocabulary }).toEqual({ sizes: reference.sizes, vocabulary: reference.vocabulary });
    expect(weights).not.toEqual(reference.weights);
    expect(weights).not.toEqual(fileOf('pilaf-alpha-0-5-seed0.safetensors').weights);
    const { config, ...facts } = origin;
    expect(facts).toEqual({ arm: 'PILAF (α = 0.5)', seed: '1', step: '2', backend: 'wasm' });
    expect(JSON.parse(config!)).toEqual(first.results.config);
  });

  it('writes what the next run starts from', async () => {
    const start = { kind: 'checkpoint', checkpoint: join(folder, 'pilaf-alpha-0-5-seed0.safetensors') };
    const next = await run({ ...REVIEWS, seeds: 1, start }, '--backend', 'wasm');
    const [before, after] = [first, next].map(({ results }) => results.runs[0]!.evaluations);
    expect(before![0]!.kl).toBeCloseTo(0, 4);
    expect(after![0]!.kl).toBeGreaterThan(0.001);
  });

  it('writes a bandit’s tables of logits', async () => {
    const tables = scratchFolder();
    await run(TINY, '--backend', 'cpu', '--weights', tables);
    expect(readdirSync(tables)).toHaveLength(4);
    const { metadata, tensors } = parseSafetensors(readFileSync(join(tables, 'vanilla-seed1.safetensors')));
    expect(metadata).toMatchObject({ format: 'pilaf-lab/table', arm: 'Vanilla', seed: '1', step: '10' });
    expect(tensors.map(({ name, shape }) => ({ name, shape }))).toEqual([{ name: 'logits', shape: [3, 4] }]);
  });

  it('writes after Ctrl-C too, and after going on', async () => {
    const [stopped, whole] = [scratchFolder(), scratchFolder()];
    const save = scratchFile('');
    const config = configFile({ ...TINY, schedule: { steps: 8000, pairs: 4 }, evaluation: { every: 1000 } });
    const options = ['--backend', 'cpu', '--save', save, '--weights', stopped];
    const broken = await lab(['run', config, ...options], { direct: true, interruptAfter: 2500 });
    expect(broken.code, broken.stderr).toBe(130);
    const step = (of: string) => {
      const { metadata } = parseSafetensors(readFileSync(join(of, 'pilaf-seed0.safetensors')));
      return Number(metadata['step']);
    };
    expect(step(stopped)).toBeLessThan(8000);
    const resumed = await lab(['resume', save, '--weights', whole], { direct: true });
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(step(whole)).toBe(8000);
  });

  it('says before the run that a folder cannot be written to', async () => {
    const file = scratchFile('in the way');
    const out = join(scratchFolder(), 'results.json');
    const args = ['run', configFile(TINY), '--out', out, '--weights', join(file, 'below')];
    const { code, stderr } = await lab(args, { direct: true });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^.*--weights: the folder ".*below" cannot be made or written to: [^\n]+\.\n$/);
    expect(existsSync(out)).toBe(false);
  });

  it('asks for the file of a checkpoint that a page has imported', async () => {
    const start = { kind: 'checkpoint', checkpoint: 'pilaf-seed0-1a2b3c4d' };
    const { code, stderr } = await lab(['run', configFile({ ...REVIEWS, start })], { direct: true });
    expect(code).toBe(2);
    expect(stderr).toContain('start.checkpoint: "pilaf-seed0-1a2b3c4d" cannot be used, a page has imported it: give');
  });

  it('has tables for no race that starts at a transformer', async () => {
    const tables = scratchFolder();
    await run({ ...TINY, seeds: 1 }, '--backend', 'cpu', '--weights', tables);
    const start = { kind: 'checkpoint', checkpoint: join(tables, 'pilaf-seed0.safetensors') };
    const { code, stderr } = await lab(['run', configFile({ ...REVIEWS, start })], { direct: true });
    expect(code).toBe(2);
    expect(stderr).toContain("not a transformer's checkpoint: its format is pilaf-lab/table");
  });
});

describe('lab unpack', () => {
  const TEXT = { ...REVIEWS, task: { kind: 'text', checkpoint: resolve('tests/golden/llama') }, seeds: 1 } as const;

  it('writes a trained policy as a folder of Hugging Face, from which the next race starts', async () => {
    const trained = join(scratchFolder(), 'trained');
    const { results } = await run(TEXT, '--backend', 'wasm', '--weights', trained);
    const file = join(trained, 'pilaf-alpha-0-5-seed0.safetensors');
    const model = join(scratchFolder(), 'model');
    expect((await lab(['unpack', file, '--out', model])).stdout).toContain('config.json, tokenizer.json');
    const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8')) as Record<string, unknown>;
    expect(config).toMatchObject({ model_type: 'llama', hidden_size: 32, num_key_value_heads: 4, vocab_size: 90 });
    const { tensors } = parseSafetensors(readFileSync(join(model, 'model.safetensors')));
    expect(tensors.find(({ name }) => name === 'model.layers.1.mlp.up_proj.weight')?.shape).toEqual([48, 32]);
    const start = { kind: 'checkpoint', checkpoint: model } as const;
    const next = await run({ ...TEXT, start }, '--backend', 'wasm');
    // Of few samples each, and other ones.
    const [ended, begun] = [results.runs[0]!.evaluations.at(-1)!.kl, next.results.runs[0]!.evaluations[0]!.kl];
    expect(ended).toBeGreaterThan(1);
    expect(Math.abs(begun / ended - 1)).toBeLessThan(0.2);
    const read = (name: string) => readFileSync(join(model, name));
    const parts = {
      config: read('config.json').toString(),
      tokenizer: read('tokenizer.json').toString(),
      weights: read('model.safetensors'),
    };
    const own = parseTextModel(readFileSync(file));
    expect(textModelOf(parts, own).weights).toEqual(own.weights);
  });

  it('writes the policy of reviews with a tokenizer of whole words', async () => {
    const file = 'public/checkpoints/reviews.safetensors';
    const model = join(scratchFolder(), 'model');
    await lab(['unpack', file, '--out', model], { direct: true });
    const read = (name: string) => readFileSync(join(model, name), 'utf8');
    const checkpoint = checkpointOf(file);
    const { tensors } = parseSafetensors(readFileSync(join(model, 'model.safetensors')));
    const found = parseLlama(JSON.parse(read('config.json')), tensors);
    expect(found.weights).toEqual(checkpoint.weights);
    expect(found).toMatchObject({ beginning: 1, ends: [2] });
    const coder = readCoder(read('tokenizer.json'), [0, 1, 2]);
    const prompt = reviews.prompts[0]!.slice(1);
    expect(coder.encode(prompt.map((id) => reviews.vocabulary[id]!).join(' '))).toEqual(prompt);
    expect(JSON.parse(read('tokenizer_config.json'))).toMatchObject({
      pad_token: '<pad>',
      bos_token: '<bos>',
      eos_token: '<eos>',
    });
  });

  it('names what is no policy of text', async () => {
    const votes = 'public/checkpoints/stories-votes.safetensors';
    const { code, stderr } = await lab(['unpack', votes, '--out', scratchFolder()], { direct: true });
    expect(stderr).toContain('not the config, tokenizer and prompts of a text policy');
    expect(code).toBe(2);
  });
});
