import { valueOf } from '../../src/experiment/reading';
import { describe, expect, it } from 'vitest';
import { Fingerprint } from '../../src/math/hash';
import { encodeSafetensors, parseSafetensors, type TensorValues } from '../../src/policy/safetensors';
import { encodeStored, parseStored, type StoredExperiment } from '../../src/run/storedExperiment';
import { savedOf } from '../support/savedExperiment';

const SMALL = savedOf({ seeds: 2, evaluations: 4, parameters: 3, steps: 10 });

const joined = (arrays: readonly Float32Array[]) => Float32Array.from(arrays.flatMap((array) => [...array]));

/** The state as the versions before had it: its one fleet's tensors, with the reference behind the policies. */
function byFleet({ runs, step }: StoredExperiment['snapshot']) {
  const tensors = (['weights', 'mean', 'square'] as const).map((name) => {
    const values = joined([...runs.map((run) => run[name]), ...(name === 'weights' ? [new Float32Array(3)] : [])]);
    return { name: `0.${name}`, shape: [values.length], values };
  });
  const fingerprints = runs.map(({ fingerprint }) => fingerprint);
  return {
    step,
    fingerprints,
    tensors,
    memories: runs.map(({ totals, sums, pool, divergedAt }) => ({ totals, sums, pool, divergedAt })),
  };
}

/** The file as the first version of the format had it: all but the tensors in its header, no checksum. */
function firstVersion({ results, snapshot }: StoredExperiment, change: object = {}): Uint8Array {
  const { step, fingerprints, tensors, memories } = byFleet(snapshot);
  const books = { results, step, fingerprints, fleets: [memories], ...change };
  const metadata = { format: 'pilaf-lab/experiment', version: '1', books: JSON.stringify(books) };
  return encodeSafetensors({ metadata, tensors });
}

/** As the second had it: books, evaluations and pools as tensors, and a checksum. */
function secondVersion(stored: StoredExperiment): Uint8Array {
  const { step, fingerprints, tensors, memories } = byFleet(stored.snapshot);
  const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const flat = (name: string, values: TensorValues) => ({ name, shape: [values.length], values });
  const results = { ...stored.results, runs: stored.results.runs.map((run) => ({ ...run, evaluations: [] })) };
  const fleets = [memories.map(({ pool: _, ...memory }) => memory)];
  const { metadata, tensors: now } = parseSafetensors(encodeStored(stored));
  const bytes = encodeSafetensors({
    metadata: { ...metadata, version: '2' },
    tensors: [
      flat('books', text({ results, step, fingerprints, fleets })),
      ...now.filter(({ name }) => name.startsWith('evaluations')),
      ...tensors,
      ...memories.map(({ pool }, r) => flat(`0.pool.${r}`, text(pool))),
      flat('checksum', new Uint8Array(8)),
    ],
  });
  const digest = new Fingerprint().addBytes(bytes.subarray(0, -8)).digest();
  bytes.set(
    Uint8Array.from(digest.match(/../g)!, (pair) => parseInt(pair, 16)),
    bytes.length - 8,
  );
  return bytes;
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

  it('is read as the versions before wrote it', () => {
    expect(valueOf(parseStored(firstVersion(SMALL)))).toEqual(SMALL);
    expect(valueOf(parseStored(secondVersion(SMALL)))).toEqual(SMALL);
  });

  it('keeps a run that diverged, whose sums are no numbers', () => {
    const [first, ...others] = SMALL.snapshot.runs;
    const lost = { ...first!, divergedAt: 2, sums: { ...first!.sums, loss: NaN } };
    const saved = { results: SMALL.results, snapshot: { ...SMALL.snapshot, runs: [lost, ...others] } };
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
    const bytes = encodeStored(savedOf({ seeds: 2, evaluations: 2000, parameters: 3 }));
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true))).toBeLessThan(3000);
    expect(parseSafetensors(bytes).metadata).toMatchObject({ format: 'pilaf-lab/experiment', version: '3' });
  });

  it('of 500 MB is read back, evaluations at every step among it', { timeout: 120_000 }, () => {
    const saved = savedOf({ seeds: 2, evaluations: 25_000, parameters: 10_250_000 });
    const bytes = encodeStored(saved);
    expect(bytes.length).toBeGreaterThan(500e6);
    // The version before would have written more into its header than it read back.
    expect(JSON.stringify(saved.results).length).toBeGreaterThan(30e6);
    const { results, snapshot } = valueOf(parseStored(bytes));
    expect(results.runs.map(({ evaluations }) => evaluations.length)).toEqual(Array(4).fill(25_000));
    expect(results.runs[3]!.evaluations[24_999]).toEqual(saved.results.runs[3]!.evaluations[24_999]);
    expect(snapshot.runs[3]!.weights.length).toBe(10_250_000);
    expect(snapshot.runs[3]!.square.at(-1)).toBe(saved.snapshot.runs[3]!.square.at(-1));
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
      'other fleets',
      { fleets: [byFleet(SMALL.snapshot).memories.slice(1), byFleet(SMALL.snapshot).memories.slice(0, 1)] },
      /fleet 0 is not one of its config/,
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
