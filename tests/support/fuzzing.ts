import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect } from 'vitest';
import { problemText, type Parsed } from '../../src/experiment/reading';
import { JAVASCRIPT } from './spoiled';

/** What every reader owes, whatever it is given: a value or a sentence, soon, and in little memory. */

/** FUZZ_CASES asks for more than these. */
const USUAL_CASES = 1000;
const CASES = Number(process.env['FUZZ_CASES'] ?? USUAL_CASES);
export const RUNS = { numRuns: CASES, seed: 1 };

/** So many cases of what is dear, and in proportion more where more are asked for. */
export const fewer = (cases: number): number => Math.ceil((cases * CASES) / USUAL_CASES);

export function expectSentence(text: string): void {
  expect(text).not.toMatch(JAVASCRIPT);
  expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(text.length).toBeGreaterThan(3);
  expect(text.length).toBeLessThan(700);
}

export function expectRead(parsed: Parsed<unknown>): void {
  if (!parsed.ok) expectSentence(problemText(parsed.problems));
}

/** What a reader of bytes says: it returns, or throws an Error with a sentence. */
export function expectReadOrThrown(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expectSentence((error as Error).message);
  }
}

interface Bounds {
  /** Milliseconds for a case, however long: nobody waits longer for a sentence. */
  readonly patience: number;
  /** Bytes that a case may take beyond what it is given. */
  readonly memory: number;
  /** Whether garbage is collected ahead, which takes a while: its collection meanwhile would hide what a case takes. */
  readonly exact: boolean;
}

const BOUNDS: Bounds = { patience: 1000, memory: 256 * 2 ** 20, exact: false };

/** Bytes held, garbage that nobody has collected among them. */
const held = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Milliseconds that this process has computed; on a busy machine others may pass in between. */
const computed = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Begins to watch; what it returns ends the watch, and fails where it has taken too long, or too much. */
function watched({ patience, memory, exact }: Bounds, clock: () => number): () => void {
  if (exact) collectGarbage();
  const start = clock();
  const before = held();
  return () => {
    expect(clock() - start).toBeLessThan(patience);
    expect(held() - before).toBeLessThan(memory);
  };
}

/** A check of which every case must end in time, and within its memory. */
export const frugal =
  <T>(check: (input: T) => void, bounds = BOUNDS) =>
  (input: T): void => {
    const end = watched(bounds, computed);
    check(input);
    end();
  };

/** The same for a check that waits. */
export const frugalAsync =
  <T>(check: (input: T) => Promise<void>, bounds = BOUNDS) =>
  async (input: T): Promise<void> => {
    const end = watched(bounds, () => performance.now());
    await check(input);
    end();
  };

/** Good bytes of which some are changed, with what lies behind them cut off now and then. */
export const spoiledBytes = (good: Uint8Array, within = good.length): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(within - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(good.length), { freq: 3 }),
    )
    .map(([changes, length]) => {
      // A copy: a slice of Node's Buffer is the same bytes.
      const bytes = new Uint8Array(good.subarray(0, length ?? good.length));
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      return bytes;
    });
