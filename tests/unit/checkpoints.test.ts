import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkpointNames, hashIn, importedName } from '../../src/experiment/config/checkpointName';
import { contentHash } from '../../src/math/hash';
import { encodeTable } from '../../src/policy/table';
import { encodeRewardModel } from '../../src/policy/rewardModel';
import { readTextModel } from '../../src/training/textTask';
import { checkCheckpoint } from '../../src/worker/checkCheckpoint';
import { checkpointLoader, optimumLoader } from '../../src/worker/checkpoints';
import { llama2cFiles } from '../support/llama2c';
import { configOf } from '../support/tasks';

const shipped = () => new Uint8Array(readFileSync('public/checkpoints/reviews.safetensors'));

describe('an imported checkpoint’s name', () => {
  it.each([
    ['my run.safetensors', 'my-run-1a2b3c4d'],
    ['pilaf-seed0.SAFETENSORS', 'pilaf-seed0-1a2b3c4d'],
    ['my-run-1a2b3c4d.safetensors', 'my-run-1a2b3c4d'],
    ['<img src=x onerror=alert(1)>', 'img-src-x-onerror-alert-1-1a2b3c4d'],
    ['../../reviews.safetensors', 'reviews-1a2b3c4d'],
    ['評価.safetensors', 'checkpoint-1a2b3c4d'],
    [`${'long '.repeat(20)}.safetensors`, 'long-long-long-long-long-long-l-1a2b3c4d'],
  ])('of %j is %s', (file, expected) => {
    const name = importedName(file, '1a2b3c4d');
    expect(name).toBe(expected);
    expect(hashIn(name)).toBe('1a2b3c4d');
  });

  it('is told from a shipped one’s and from a path', () => {
    for (const name of ['reviews', 'my-run', 'a/b-1a2b3c4d', 'b-1A2B3C4D', 'b-1a2b3c4d.safetensors', '-1a2b3c4d', '']) {
      expect(hashIn(name), name).toBeNull();
    }
  });

  it('is found in a config', () => {
    const common = {
      arms: [{ sampler: 'vanilla' as const }],
      beta: 1,
      learningRate: 0.01,
      schedule: { steps: 1, pairs: 1 },
      evaluation: { every: 1 },
    };
    const start = { kind: 'checkpoint', checkpoint: 'b' } as const;
    expect(checkpointNames(configOf({ ...common, task: { kind: 'bandit' } }))).toEqual([]);
    expect(checkpointNames(configOf({ ...common, task: { kind: 'reviews' } }))).toEqual(['reviews']);
    expect(checkpointNames(configOf({ ...common, task: { kind: 'reviews', checkpoint: 'a' }, start }))).toEqual([
      'a',
      'b',
    ]);
    const oracles = [{ of: 'ending' as const }, { of: 'learnt' as const, model: 'c' }];
    expect(checkpointNames(configOf({ ...common, task: { kind: 'text', checkpoint: 'a', oracles } }))).toEqual([
      'a',
      'c',
    ]);
  });
});

describe('a content hash', () => {
  it('is of the bytes, all of them', () => {
    const bytes = shipped();
    const hash = contentHash(bytes);
    expect(hash).toMatch(/^[0-9a-f]{8}$/);
    expect(contentHash(bytes.slice())).toBe(hash);
    const seen = new Set([hash, contentHash(bytes.subarray(0, -1))]);
    for (const at of [0, 1, 2, 3, 1000, bytes.length - 1]) {
      for (const bit of [1, 128]) {
        bytes[at]! ^= bit;
        seen.add(contentHash(bytes));
        bytes[at]! ^= bit;
      }
    }
    expect(seen.size).toBe(14);
    expect(contentHash(new Uint8Array(3))).not.toBe(contentHash(new Uint8Array(4)));
  });
});

describe('the check of a file', () => {
  it('gives a checkpoint’s bytes and their hash', async () => {
    const checked = await checkCheckpoint([{ name: 'a.safetensors', bytes: new Blob([shipped()]) }], 'reviews');
    if (!checked.ok) throw new Error(checked.problem);
    expect(checked.hash).toBe(contentHash(shipped()));
    expect(new Uint8Array(await checked.bytes.arrayBuffer())).toEqual(shipped());
  });

  it.each([
    ['nothing', new Uint8Array(0), /too short to be safetensors/],
    ['half a checkpoint', shipped().subarray(0, 200_000), /does not lie within the file/],
    ['a picture', Uint8Array.from({ length: 64 }, (_, i) => 200 + (i % 50)), /header would be longer than the file/],
    ['a bandit’s table', encodeTable(new Float32Array(4), 2, 2, {}), /its format is pilaf-lab\/table/],
  ])('says what is wrong with %s', async (_, bytes, problem) => {
    expect(await checkCheckpoint([{ name: 'a.safetensors', bytes: new Blob([bytes]) }], 'reviews')).toMatchObject({
      ok: false,
      problem: expect.stringMatching(problem),
    });
  });
});

describe('the worker’s checkpoints', () => {
  const BASE = 'https://page.example/lab/';
  const imported = [{ name: 'mine-1a2b3c4d', bytes: new Blob(['bytes']) }];
  const load = checkpointLoader(BASE, imported);
  const loadOptimum = optimumLoader(BASE, imported);

  afterEach(() => vi.unstubAllGlobals());

  it('are what was imported, else what the page ships', async () => {
    const fetched = vi.fn(() => Promise.resolve(new Response('shipped')));
    vi.stubGlobal('fetch', fetched);
    const text = async (name: string) => new TextDecoder().decode(await load(name));
    expect(await text('mine-1a2b3c4d')).toBe('bytes');
    expect(await loadOptimum('mine-1a2b3c4d', 'bounded')).toBeNull();
    expect(fetched).not.toHaveBeenCalled();
    expect(await text('reviews')).toBe('shipped');
    expect(await loadOptimum('reviews', 'sum')).toBe('shipped');
  });

  it.each([
    ['mine-00000000', /this browser does not have it: import its file/],
    ['https://evil.example/x', /only the checkpoints that it ships/],
    ['../reviews', /only the checkpoints that it ships/],
    ['__proto__', /only the checkpoints that it ships/],
  ])('are not fetched for %s', async (name, message) => {
    const fetched = vi.fn();
    vi.stubGlobal('fetch', fetched);
    await expect(load(name)).rejects.toThrow(message);
    expect(fetched).not.toHaveBeenCalled();
  });
});

describe('a text model of others', () => {
  const golden = (name: string) => readFileSync(new URL(`../golden/llama/${name}`, import.meta.url));
  const { whole: whole2c, weights: weights2c, tokenizer: tokenizer2c } = llama2cFiles();
  const FOLDER = {
    'config.json': golden('config.json'),
    'tokenizer.json': golden('tokenizer.json'),
    'model.safetensors': golden('model.safetensors'),
  };
  const check = (files: Readonly<Record<string, Uint8Array>>) =>
    checkCheckpoint(
      Object.entries(files).map(([name, bytes]) => ({ name, bytes: new Blob([new Uint8Array(bytes)]) })),
      'text',
    );
  const json = (change: Readonly<Record<string, unknown>>) => {
    const config = JSON.parse(FOLDER['config.json'].toString()) as object;
    return new TextEncoder().encode(JSON.stringify({ ...config, ...change }));
  };

  it.each([
    ['a folder of Hugging Face', FOLDER],
    ['llama2.c, its tokenizer behind its weights', { 'stories.bin': whole2c }],
    ['llama2.c, its tokenizer beside it', { 'tokenizer.bin': tokenizer2c, 'stories.bin': weights2c }],
  ])('is taken in: %s; and its one file again', async (_, files) => {
    const checked = await check(files);
    if (!checked.ok) throw new Error(checked.problem);
    expect(checked.note).toMatch(/^0[.]\d+ million parameters; a run of 8 pairs takes about \d+ MB$/);
    const one = new Uint8Array(await checked.bytes.arrayBuffer());
    expect(await check({ 'own.safetensors': one })).toMatchObject({ ok: true, hash: checked.hash });
  });

  it('is the same of llama2.c, wherever its tokenizer lies', async () => {
    const [behind, beside] = [
      await check({ 'stories.bin': whole2c }),
      await check({ 'stories.bin': weights2c, 'tokenizer.bin': tokenizer2c }),
    ];
    expect(beside).toEqual(behind);
  });

  it('is no reward model, and a reward model is none', async () => {
    const checked = await check(FOLDER);
    if (!checked.ok) throw new Error(checked.problem);
    const bytes = new Uint8Array(await checked.bytes.arrayBuffer());
    const asReward = (bytes: Uint8Array<ArrayBuffer>) =>
      checkCheckpoint([{ name: 'votes.safetensors', bytes: new Blob([bytes]) }], 'reward');
    expect(await asReward(bytes)).toMatchObject({
      ok: false,
      problem: expect.stringContaining('no reward model') as string,
    });
    const own = readTextModel(bytes);
    const reward = encodeRewardModel({ ...own, head: new Float32Array(own.sizes.width).fill(1), length: 32 });
    expect(await asReward(reward)).toMatchObject({ ok: true });
    expect(await check({ 'own.safetensors': reward })).toMatchObject({ ok: false });
  });

  const { 'tokenizer.json': _, ...withoutTokenizer } = FOLDER;
  const whole = JSON.parse(FOLDER['tokenizer.json'].toString()) as {
    model: { vocab: Record<string, number>; merges: unknown[] };
  };
  const vocab = Object.fromEntries(Object.entries(whole.model.vocab).filter(([, id]) => id !== 89));
  const model = { ...whole.model, vocab, merges: whole.model.merges.slice(0, -1) };
  const smaller = new TextEncoder().encode(JSON.stringify({ ...whole, model }));
  it.each([
    ['a file too few', withoutTokenizer, /^these files are no model; give one [.]safetensors/],
    ['only the weights', { 'model.safetensors': FOLDER['model.safetensors'] }, /weights, but not the config/],
    [
      'another shape',
      { ...FOLDER, 'config.json': json({ intermediate_size: 64 }) },
      /gate_proj.weight has shape 48×32/,
    ],
    [
      'a layer too many',
      { ...FOLDER, 'config.json': json({ num_hidden_layers: 3 }) },
      /lacks the tensor model.layers.2/,
    ],
    ['a layer too few', { ...FOLDER, 'config.json': json({ num_hidden_layers: 1 }) }, /layers.1.* not supported/],
    ['another family', { ...FOLDER, 'config.json': json({ model_type: 'gpt2' }) }, /model_type is "gpt2".*only llama/],
    ['another rotation', { ...FOLDER, 'config.json': json({ rope_parameters: { rope_type: 'llama3' } }) }, /llama3/],
    ['no base', { ...FOLDER, 'config.json': json({ rope_parameters: { rope_theta: 0 } }) }, /0, "default"; .* 1 to/],
    ['padding that begins', { ...FOLDER, 'config.json': json({ bos_token_id: 0 }) }, /bos_token_id.* as 0 pads/],
    ['no JSON', { ...FOLDER, 'config.json': new Uint8Array([1, 2]) }, /config.json is not JSON/],
    ['a tokenizer that does not fit', { ...FOLDER, 'tokenizer.json': golden('logits.json') }, /tokenizer.json cannot/],
    ['a tokenizer of another size', { ...FOLDER, 'tokenizer.json': smaller }, /has 89 tokens; .* vocabulary has 90/],
    ['a file of llama2.c, cut off', { 'stories.bin': whole2c.subarray(0, 9000) }, /ends before its weights do/],
    ['llama2.c without a tokenizer', { 'stories.bin': weights2c }, /need a tokenizer.bin beside them/],
    [
      'llama2.c whose tokenizer is cut off',
      { 'stories.bin': weights2c, 'tokenizer.bin': tokenizer2c.subarray(0, -9) },
      /the tokenizer ends before its tokens do/,
    ],
    ['a tokenizer of llama2.c alone', { 'tokenizer.bin': tokenizer2c }, /^these files are no model/],
    ['anything', { 'stories.bin': new Uint8Array(64).fill(7) }, /not one of llama2.c/],
  ])('is refused with a sentence: %s', async (_, files, message) => {
    const checked = await check(files as Readonly<Record<string, Uint8Array>>);
    expect(checked.ok ? 'taken' : checked.problem).toMatch(message);
  });
});
