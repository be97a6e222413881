import { valueOf } from '../../src/experiment/reading';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseOptimumFile, type OptimumFile } from '../../src/experiment/documents/optimumFile';
import { isReliable } from '../../src/experiment/documents/results';
import { optimumFingerprints } from '../../src/training/knownOptimum';
import { prepareTask } from '../../src/training/prepareTask';
import { parseReviewsCheckpoint } from '../../src/training/reviewsTask';
import type { ExperimentConfigInput } from '../../src/experiment/config/schema';
import { configOf } from '../support/tasks';

const checkpointBytes = readFileSync('public/checkpoints/reviews.safetensors');
const checkpoint = parseReviewsCheckpoint(checkpointBytes);

const point = (beta: number, kl: number, minimum = 200): OptimumFile['points'][number] => ({
  beta,
  reward: 3 + beta * kl,
  kl,
  objective: 3,
  estimate: { errors: { reward: 0.1, kl: 0.1, objective: 0.1 }, effective: { minimum, median: 300 } },
});

const file = (): OptimumFile => ({
  format: 'pilaf-lab/optimum',
  version: 1,
  command: 'by hand',
  method: 'none',
  checkpoint: 'reviews',
  fingerprints: optimumFingerprints(checkpoint.weights, 'bounded'),
  prompts: 31,
  samplesPerPrompt: 10,
  points: [point(1, 1), point(0.1, 4), point(0.05, 6, 3)],
});

describe('an optimum’s file', () => {
  it('is read as it was written', () => {
    expect(valueOf(parseOptimumFile(JSON.stringify(file())))).toEqual(file());
  });

  it.each<[string, string | ((good: OptimumFile) => unknown), RegExp]>([
    ['no JSON', '{"format": ', /not JSON/],
    ['no object', '7', /the file|Object/],
    ['another format', (good) => ({ ...good, format: 'pilaf-lab/results' }), /^format: /],
    ['a later version', (good) => ({ ...good, version: 2 }), /^version: /],
    ['an unknown field', (good) => ({ ...good, script: 'x' }), /^script: /],
    ['no points', (good) => ({ ...good, points: [] }), /^points: /],
    ['a β of zero', (good) => ({ ...good, points: [point(0, 1)] }), /^points\.0\.beta: /],
    ['βs that do not fall', (good) => ({ ...good, points: [point(0.1, 1), point(1, 2)] }), /^points: betas must fall/],
    ['KL that falls', (good) => ({ ...good, points: [point(1, 2), point(0.1, 1)] }), /^points: KL must grow/],
    ['a negative error', (good) => withErrors(good, -1), /^points\.0\.estimate\.errors\.kl: /],
    ['a number as text', (good) => withErrors(good, '1'), /^points\.0\.estimate\.errors\.kl: /],
    [
      'a fingerprint of another kind',
      (good) => ({ ...good, fingerprints: { weights: 'a', task: 'b' } }),
      /^fingerprints/,
    ],
    ['too much text', () => 'x'.repeat(1_000_001), /longer than/],
  ])('with %s is refused by name', (_, broken, words) => {
    const input = typeof broken === 'string' ? broken : broken(file());
    expect(() => valueOf(parseOptimumFile(typeof input === 'string' ? input : JSON.stringify(input)))).toThrow(words);
  });
});

function withErrors(good: OptimumFile, kl: unknown): unknown {
  const [first] = good.points;
  return { ...good, points: [{ ...first, estimate: { ...first!.estimate, errors: { reward: 0, kl, objective: 0 } } }] };
}

const CONFIG = {
  task: { kind: 'reviews' },
  arms: [{ sampler: 'vanilla' }],
  beta: 0.1,
  learningRate: 1e-3,
  schedule: { steps: 1, pairs: 1 },
  evaluation: { every: 1 },
} as const satisfies ExperimentConfigInput;

async function optimumWith(text: string | null, task: object = {}) {
  const load = () => Promise.resolve(new Uint8Array(checkpointBytes));
  const config = configOf({ ...CONFIG, task: { ...CONFIG.task, ...task } });
  const { evaluation } = await prepareTask(config, load, () => Promise.resolve(text));
  if (evaluation.kind !== 'sampled') throw new Error('reviews are sampled');
  return evaluation.optimum;
}

describe('the optimum beside a checkpoint', () => {
  it('is known at every β of its range', async () => {
    const known = await optimumWith(JSON.stringify(file()));
    if (typeof known !== 'object') throw new Error(known ?? 'there is none');
    expect(known.frontier).toEqual(file().points);
    expect(known.at(0.1)).toEqual(point(0.1, 4));
    expect(isReliable(known.at(0.1)!)).toBe(true);
    expect(isReliable(known.at(0.07)!)).toBe(false);
    expect(known.at(2)).toBeNull();
  });

  it('follows a factor on the reward: the best policies at β are those at β/c', async () => {
    const known = await optimumWith(JSON.stringify(file()), { rewardScale: 3 });
    if (typeof known !== 'object') throw new Error(known ?? 'there is none');
    const at = known.at(0.3)!;
    expect(at.kl).toBe(4);
    expect(at.objective).toBeCloseTo(9, 12);
    expect(at.reward).toBeCloseTo(at.objective + 0.3 * at.kl, 12);
    expect(at.estimate?.errors).toEqual({ reward: 0.30000000000000004, kl: 0.1, objective: 0.30000000000000004 });
    expect(known.at(0.1)).toBeNull();
    expect(known.frontier[0]!.reward).toBeCloseTo(12, 12);
    expect(await optimumWith(JSON.stringify(file()), { rewardScale: 0 })).toBeUndefined();
  });

  it('is one oracle’s', async () => {
    expect(await optimumWith(JSON.stringify(file()), { oracle: 'sum' })).toMatch(/another oracle/);
  });

  it('may be missing', async () => {
    expect(await optimumWith(null)).toBeUndefined();
  });

  it.each<[string, string, RegExp]>([
    [
      'other weights',
      JSON.stringify({ ...file(), fingerprints: { ...file().fingerprints, weights: '0'.repeat(16) } }),
      /"reviews" is not used: it was estimated for other weights \(0{16}/,
    ],
    [
      'another oracle',
      JSON.stringify({ ...file(), fingerprints: { ...file().fingerprints, task: '0'.repeat(16) } }),
      /another oracle or other test prompts/,
    ],
    ['a broken file', '{', /"reviews" is not used: the file is not JSON\.$/],
  ])('is left out with a reason for %s', async (_, text, reason) => {
    expect(await optimumWith(text)).toMatch(reason);
  });

  it('ships for the weights, oracle and prompts that ship, and is reliable at the preset’s β', async () => {
    const known = await optimumWith(readFileSync('public/checkpoints/reviews.optimum.json', 'utf8'));
    if (typeof known !== 'object') throw new Error(known ?? 'there is none');
    expect(isReliable(known.at(0.1)!)).toBe(true);
    for (const { reward, kl, objective } of known.frontier) {
      expect(reward).toBeLessThan(4);
      expect(objective).toBeLessThanOrEqual(reward);
      expect(kl).toBeGreaterThanOrEqual(0);
    }
  });
});
