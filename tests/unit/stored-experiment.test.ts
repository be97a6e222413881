import { valueOf } from '../../src/experiment/reading';
import { describe, expect, it } from 'vitest';
import { METRICS, type Evaluation, type MetricName } from '../../src/experiment/documents/metrics';
import { resultsOf, createHistory } from '../../src/experiment/documents/history';
import type { Results } from '../../src/experiment/documents/results';
import { encodeSafetensors, parseSafetensors } from '../../src/policy/safetensors';
import { encodeStored, parseStored, type StoredExperiment } from '../../src/run/storedExperiment';
import type { MemorySnapshot } from '../../src/training/snapshot';
import { configOf } from '../support/tasks';

const METRIC_NAMES = Object.keys(METRICS) as MetricName[];

interface Size {
  readonly seeds: number;
  readonly evaluations: number;
  readonly parameters: number;
  readonly steps?: number;
}

function evaluationAt(step: number, run: number): Evaluation {
  const values = METRIC_NAMES.map((name, i) => [name, Math.sin(step + 7 * i + run)] as const);
  const { samplingCost: _, ...own } = Object.fromEntries(values) as Record<MetricName, number>;
  return { step, ...own, gap: run % 2 === 0 ? null : own.gap, samplingCost: null };
}

/** A state of two arms with made-up numbers. */
function savedOf({ seeds, evaluations, parameters, steps = 100_000 }: Size): StoredExperiment {
  const config = configOf({
    task: { kind: 'bandit', prompts: 2, responses: 3 },
    arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
    seeds,
    beta: 1,
    learningRate: 0.01,
    schedule: { steps, pairs: 2 },
    evaluation: { every: 1 },
  });
  const runs = ['Vanilla', 'PILAF'].flatMap((arm) =>
    Array.from({ length: seeds }, (_, seed) => ({ arm, seed, optimum: null })),
  );
  const history = createHistory(config, { runs, optimum: { reward: 1, kl: 2, objective: -1 }, frontier: null });
  const before = resultsOf(history, { name: 'wasm', adapter: null }, { seconds: 3, pairsPerSecond: 4 });
  const results: Results = {
    ...before,
    runs: before.runs.map((run, r) => ({
      ...run,
      evaluations: Array.from({ length: evaluations }, (_, i) => evaluationAt(i, r)),
    })),
  };
  const completion = { ids: [1], position: 0, referenceLogProb: -1.5, logRatio: 0.25, reward: 2 };
  const memory: MemorySnapshot = {
    totals: { labels: 10, annotationCost: 20, samplingCost: 25.5 },
    sums: { pairs: 2, loss: 0.5, chosenReward: 0.1, rejectedReward: -0.1, correct: 1.5, oracleGap: 3 },
    pool: [{ prompt: [0], chosen: completion, rejected: { ...completion, ids: [2] }, probability: 0.75 }],
    divergedAt: null,
  };
  const numbers = (phase: number) => new Float32Array(parameters).map((_, i) => (i % 1009) + phase);
  return {
    results,
    snapshot: {
      step: evaluations - 1,
      fingerprints: runs.map((_, i) => [i, 7 - 2 * i] as const),
      fleets: [{ weights: numbers(0), mean: numbers(1), square: numbers(2), memories: runs.map(() => memory) }],
    },
  };
}

const SMALL = savedOf({ seeds: 2, evaluations: 4, parameters: 12, steps: 10 });

/** The file as the first version of the format had it: all but the tensors in its header, no checksum. */
function firstVersion({ results, snapshot }: StoredExperiment, change: object = {}): Uint8Array {
  const { step, fingerprints, fleets } = snapshot;
  const books = { results, step, fingerprints, fleets: fleets.map(({ memories }) => memories), ...change };
  const tensors = fleets.flatMap((fleet, f) =>
    (['weights', 'mean', 'square'] as const).map((name) => ({
      name: `${f}.${name}`,
      shape: [fleet[name].length],
      values: fleet[name],
    })),
  );
  const metadata = { format: 'pilaf-lab/experiment', version: '1', books: JSON.stringify(books) };
  return encodeSafetensors({ metadata, tensors });
}

function complaint(bytes: Uint8Array): string {
  try {
    valueOf(parseStored(bytes));
  } catch (error) {
    expect((error as Error).constructor, String(error)).toBe(Error);
    expect((error as Error).message).toMatch(/^[^\n]{10,300}$/);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('a stored experiment', () => {
  it('comes back as it was written', () => {
    expect(valueOf(parseStored(encodeStored(SMALL)))).toEqual(SMALL);
  });

  it('is read as the version before wrote it', () => {
    expect(valueOf(parseStored(firstVersion(SMALL)))).toEqual(SMALL);
  });

  it('keeps a run that diverged, whose sums are no numbers', () => {
    const { results, snapshot } = SMALL;
    const [fleet] = snapshot.fleets;
    const lost = { ...fleet!.memories[0]!, divergedAt: 2, sums: { ...fleet!.memories[0]!.sums, loss: NaN } };
    const fleets = [{ ...fleet!, memories: [lost, ...fleet!.memories.slice(1)] }];
    const saved = { results, snapshot: { ...snapshot, fleets } };
    expect(valueOf(parseStored(encodeStored(saved)))).toEqual(saved);
  });

  it('is refused with any single bit flipped', () => {
    const bytes = encodeStored(SMALL);
    for (let i = 0; i < 8 * bytes.length; i += 5) {
      const mask = 1 << (i % 8);
      bytes[i >> 3]! ^= mask;
      complaint(bytes);
      bytes[i >> 3]! ^= mask;
    }
    expect(valueOf(parseStored(bytes))).toEqual(SMALL);
  });

  it('is refused where it is cut off', () => {
    const bytes = encodeStored(SMALL);
    for (const length of [0, 7, 100, bytes.length - 8, bytes.length - 1]) complaint(bytes.slice(0, length));
  });

  it('has a small header, whatever it holds', () => {
    const bytes = encodeStored(savedOf({ seeds: 2, evaluations: 2000, parameters: 12 }));
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true))).toBeLessThan(3000);
    expect(parseSafetensors(bytes).metadata).toMatchObject({ format: 'pilaf-lab/experiment', version: '2' });
  });

  it('of 500 MB is read back, evaluations at every step among it', { timeout: 120_000 }, () => {
    const saved = savedOf({ seeds: 2, evaluations: 25_000, parameters: 41_000_000 });
    const bytes = encodeStored(saved);
    expect(bytes.length).toBeGreaterThan(500e6);
    // The version before would have written more into its header than it read back.
    expect(JSON.stringify(saved.results).length).toBeGreaterThan(30e6);
    const { results, snapshot } = valueOf(parseStored(bytes));
    expect(results.runs.map(({ evaluations }) => evaluations.length)).toEqual(Array(4).fill(25_000));
    expect(results.runs[3]!.evaluations[24_999]).toEqual(saved.results.runs[3]!.evaluations[24_999]);
    expect(snapshot.fleets[0]!.weights.length).toBe(41_000_000);
    expect(snapshot.fleets[0]!.square.at(-1)).toBe(saved.snapshot.fleets[0]!.square.at(-1));
  });

  const run0 = (change: object) => ({
    results: { ...SMALL.results, runs: [{ ...SMALL.results.runs[0]!, ...change }, ...SMALL.results.runs.slice(1)] },
  });
  it.each([
    ['a negative step', { step: -1 }, /books.step/],
    ['a step beyond the end', { step: 11 }, /step: 11 is beyond the experiment’s 10 steps/],
    ['half a step', { step: 1.5 }, /books.step/],
    ['no fleets', { fleets: null }, /must be a list is none/],
    [
      'a fleet too many',
      { fleets: [...SMALL.snapshot.fleets.map(({ memories }) => memories), []] },
      /tensor 1.weights/,
    ],
    ['too few fingerprints', { fingerprints: [] }, /state of all 4 runs/],
    ['a text for the results', { results: 'x' }, /results\./],
    ['a text for a run', { results: { ...SMALL.results, runs: [0, 'x'] } }, /results\.runs\.0/],
    ['a foreign arm', run0({ arm: 'Nobody' }), /results\.runs\.0\.arm/],
    ['a run too few', { results: { ...SMALL.results, runs: SMALL.results.runs.slice(1) } }, /not those of the config/],
    ['an evaluation that is none', run0({ evaluations: 'x' }), /results\.runs\.0\.evaluations/],
    [
      'a config out of bounds',
      { results: { ...SMALL.results, config: { ...SMALL.results.config, seeds: 0 } } },
      /seeds: 0/,
    ],
  ])('says what is wrong with %s', (_, change, message) => {
    expect(complaint(firstVersion(SMALL, change))).toMatch(message);
  });
});
