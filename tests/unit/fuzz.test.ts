import { problemText, readJson, type Parsed } from '../../src/experiment/reading';
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/experiment/config/config';
import { PRESETS } from '../../src/experiment/presets/presets';
import { parseRecorded } from '../../src/experiment/documents/recorded';
import { parseResultsFile } from '../../src/experiment/documents/resultsFile';
import { parseStoredRun, parseStoredState, parseStoredSweep } from '../../src/experiment/documents/stored';
import { parseSweepDocument, sweepProblem } from '../../src/experiment/documents/sweep';
import { parseSweepResults } from '../../src/experiment/documents/sweepResults';
import { foreign } from '../../src/math/foreign';
import { encodeRewardModel } from '../../src/policy/rewardModel';
import { learntOracle } from '../../src/training/learntOracle';
import { openModel } from '../../src/training/openModel';
import { readTextModel } from '../../src/training/textTask';
import { parseReviewsCheckpoint } from '../../src/training/reviewsTask';
import { compression } from '../../src/cli/compression';
import { permalinkOf, parsePermalink } from '../../src/experiment/config/permalink';
import { parseLabels, type LabelRecord } from '../../src/experiment/documents/labels';
import { parseOptimumFile } from '../../src/experiment/documents/optimumFile';
import { encodeStored, parseStored } from '../../src/run/storedExperiment';
import { savedOf } from '../support/savedExperiment';
import { JAVASCRIPT, leaf, spoiled } from '../support/spoiled';

/** Whatever is read from outside ends in a value or in one sentence that is fit to be shown. */

function expectSentence(text: string): void {
  expect(text).not.toMatch(JAVASCRIPT);
  expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(text.length).toBeGreaterThan(3);
  expect(text.length).toBeLessThan(700);
}

function expectRead(parsed: Parsed<unknown>): void {
  if (!parsed.ok) expectSentence(problemText(parsed.problems));
}

/** FUZZ_CASES asks for more than these. */
const RUNS = { numRuns: Number(process.env['FUZZ_CASES'] ?? 1000), seed: 1 };

/** Milliseconds for a case, however long: nobody waits longer for a sentence. */
const PATIENCE = 1000;
/** Bytes that a case may take beyond what it is given. */
const MEMORY = 256 * 2 ** 20;

/** Bytes held, garbage that nobody has collected among them. */
const held = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

/** A check of which every case must end in time, and within its memory. */
const frugal =
  <T>(check: (input: T) => void) =>
  (input: T): void => {
    const start = performance.now();
    const before = held();
    check(input);
    expect(performance.now() - start).toBeLessThan(PATIENCE);
    expect(held() - before).toBeLessThan(MEMORY);
  };

/** What a reader of bytes says: it returns, or throws an Error with a sentence. */
function expectReadOrThrown(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expectSentence((error as Error).message);
  }
}

/** Good bytes of which some are changed, with what lies behind them cut off now and then. */
const spoiledBytes = (good: Uint8Array, within = good.length) =>
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
const recorded = JSON.parse(readFileSync('public/recorded/table-1.json', 'utf8')) as unknown;
const sweep = JSON.parse(readFileSync('public/sweeps/phase-map.json', 'utf8')) as { cells: unknown[] };
const small = { ...sweep, cells: sweep.cells.slice(0, 2) };
const config = PRESETS[1]!.config;
const LABEL: LabelRecord = {
  prompt: 'the soup was',
  chosen: 'warm',
  rejected: 'cold',
  arm: 'PILAF',
  seed: 0,
  step: 3,
  pair: 1,
  seconds: 2.5,
  tie: false,
};

describe('what is read from outside', () => {
  it.each<[string, fc.Arbitrary<unknown>, (input: unknown) => void]>([
    ['a config', fc.oneof(leaf, spoiled(config)), (input) => expectRead(parseConfig(input))],
    ['a sweep', fc.oneof(leaf, spoiled({ base: config, axes: [{ path: 'beta', values: [1, 2] }] })), (input) => {
      const parsed = parseSweepDocument(input);
      const problem = parsed.ok ? sweepProblem(parsed.value) : parsed.problems[0];
      if (problem) expectSentence(problemText([problem]));
    }],
    ['a finished sweep', fc.oneof(leaf, spoiled(small)), (input) => expectRead(parseSweepResults(input))],
    ['a recorded run', fc.oneof(leaf, spoiled(recorded)), (input) => expectRead(parseRecorded(input))],
    ['results', fc.oneof(leaf, spoiled({ name: 'x', results: { format: 'pilaf-lab/results', version: 1, config, runs: [] } })), (input) => expectRead(parseResultsFile(JSON.stringify(input) ?? '', 'name'))],
    ['stored records', leaf, (input) => {
      for (const read of [parseStoredRun, parseStoredState, parseStoredSweep]) expectRead(read(input));
    }],
  ])('%s', (_, inputs, check) => {
    fc.assert(fc.property(inputs, frugal(check)), RUNS);
  }); // prettier-ignore

  it('a checkpoint of which bytes are wrong', () => {
    const good = readFileSync('public/checkpoints/reviews.safetensors');
    const header = good.readUInt32LE(0) + 8;
    const check = frugal((bytes: Uint8Array) => expectReadOrThrown(() => parseReviewsCheckpoint(bytes)));
    fc.assert(fc.property(spoiledBytes(good, header), check), RUNS);
  });

  describe('a text model', () => {
    const golden = (name: string) => readFileSync(`tests/golden/llama/${name}`);
    const folder = {
      'config.json': golden('config.json'),
      'tokenizer.json': golden('tokenizer.json'),
      'model.safetensors': golden('model.safetensors'),
    };
    const opened = (files: Readonly<Record<string, Uint8Array>>) =>
      expectReadOrThrown(() => openModel(new Map(Object.entries(files))));
    const bytesOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value) ?? '');

    it.each(['config.json', 'tokenizer.json'] as const)('of which %s is wrong', (name) => {
      const whole: unknown = JSON.parse(folder[name].toString());
      const check = frugal((value: unknown) => opened({ ...folder, [name]: bytesOf(value) }));
      fc.assert(fc.property(fc.oneof(leaf, spoiled(whole)), check), RUNS);
    });

    it('of which weights are wrong, in either layout', () => {
      const { 'model.safetensors': weights, ...others } = folder;
      const header = weights.readUInt32LE(0) + 8;
      const theirs = golden('llama2c.bin');
      const check = frugal((bytes: Uint8Array) => opened({ ...others, 'model.safetensors': bytes }));
      fc.assert(fc.property(spoiledBytes(weights, header), check), RUNS);
      const checkTheirs = frugal((bytes: Uint8Array) => opened({ 'a.bin': bytes }));
      fc.assert(fc.property(fc.oneof(spoiledBytes(theirs, 28), spoiledBytes(theirs)), checkTheirs), RUNS);
    });

    it('of which a reward model is wrong', () => {
      const model = readTextModel(openModel(new Map(Object.entries(folder))));
      const good = encodeRewardModel({ ...model, head: new Float32Array(model.sizes.width), length: 64 });
      const header = Buffer.from(good).readUInt32LE(0) + 8;
      const check = frugal((bytes: Uint8Array) => expectReadOrThrown(() => learntOracle(bytes)));
      fc.assert(fc.property(spoiledBytes(good, header), check), RUNS);
    });
  });

  it('a stored experiment of which bytes are wrong', () => {
    const good = encodeStored(savedOf({ seeds: 2, evaluations: 4, parameters: 3, steps: 10 }));
    const check = frugal((bytes: Uint8Array) => expectRead(parseStored(bytes)));
    fc.assert(fc.property(spoiledBytes(good), check), RUNS);
  });

  it('a link of which letters are wrong, or that packs anything', async () => {
    const good = await permalinkOf(config, compression);
    const letters = fc.tuple(fc.nat(good.length - 1), fc.constantFrom(...'#v1.aZ-_%🙂')).map(([at, letter]) => {
      return good.slice(0, at) + letter + good.slice(at + 1);
    });
    const packed = fc.jsonValue().map((value) => `#v1.${deflateSync(JSON.stringify(value)).toString('base64url')}`);
    const links = fc.oneof(letters, packed, fc.string({ unit: 'binary' }));
    const check = fc.asyncProperty(links, async (link) => expectRead(await parsePermalink(link, compression)));
    await fc.assert(check, RUNS);
    const bomb = `#v1.${deflateSync('['.repeat(50_000_000)).toString('base64url')}`;
    const parsed = await parsePermalink(bomb, compression);
    expect(parsed.ok ? 'read' : problemText(parsed.problems)).toMatch(/unpacks to more than|has \d+ letters/);
  });

  it('lines of labels, and an optimum, of which a place is wrong', () => {
    const lines = spoiled(LABEL).map((line) => `${JSON.stringify(LABEL)}\n${JSON.stringify(line)}\n`);
    fc.assert(
      fc.property(
        lines,
        frugal((text: string) => expectRead(parseLabels(text))),
      ),
      RUNS,
    );
    const optimum = JSON.parse(readFileSync('public/checkpoints/reviews.optimum.json', 'utf8')) as unknown;
    const texts = spoiled(optimum).map((value) => JSON.stringify(value) ?? '');
    fc.assert(
      fc.property(
        texts,
        frugal((text: string) => expectRead(parseOptimumFile(text))),
      ),
      RUNS,
    );
  });

  it.each<[string, string]>([
    ['of a hundred thousand levels', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['of objects within objects', '{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000)],
    ['of a name of millions of letters', `{"${'x'.repeat(5_000_000)}": 1}`],
    ['of a million entries', `[${'0,'.repeat(1_000_000)}0]`],
    ['of numbers that are none', '{"version": 1e999, "format": -1e999}'],
    ['that is cut off', '{"format": "pilaf-lab/results", "version": 1, "config": {"'],
  ])('a text %s', (_, text) => {
    const readers: ((text: string) => Parsed<unknown>)[] = [
      (given) => parseResultsFile(given, 'name'),
      parseLabels,
      parseOptimumFile,
      ...[parseConfig, parseSweepDocument, parseSweepResults, parseRecorded, parseStoredRun].map(
        (read: (input: unknown) => Parsed<unknown>) => (given: string) => {
          const json = readJson(given);
          return json.ok ? read(json.value) : json;
        },
      ),
    ];
    for (const read of readers) frugal((given: string) => expectRead(read(given)))(text);
  });
});

describe('foreign text', () => {
  it('is shown without anything that a terminal obeys, and short', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 10, max: 100 }), (text, most) => {
        const shown = foreign(text, most);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(shown.length).toBeLessThanOrEqual(most);
      }),
      RUNS,
    );
    expect(foreign('\u001b[31mred', 60)).toBe('\\u{1b}[31mred');
    expect(foreign('plain “text” – π', 60)).toBe('plain “text” – π');
  });
});
