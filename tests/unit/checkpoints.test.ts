import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkpointNames, hashIn, importedName } from '../../src/experiment/config/checkpointName';
import { contentHash } from '../../src/math/hash';
import { encodeTable } from '../../src/policy/table';
import { checkCheckpoint } from '../../src/worker/checkCheckpoint';
import { checkpointLoader, optimumLoader } from '../../src/worker/checkpoints';
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
    const checked = await checkCheckpoint(new Blob([shipped()]));
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
    expect(await checkCheckpoint(new Blob([bytes]))).toMatchObject({
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
