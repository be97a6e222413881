import { problemText, type Parsed } from '../../src/experiment/reading';
import { readFileSync } from 'node:fs';
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
import { parseReviewsCheckpoint } from '../../src/training/reviewsTask';
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

const RUNS = { numRuns: 400, seed: 1 };
const recorded = JSON.parse(readFileSync('public/recorded/table-1.json', 'utf8')) as unknown;
const sweep = JSON.parse(readFileSync('public/sweeps/phase-map.json', 'utf8')) as { cells: unknown[] };
const small = { ...sweep, cells: sweep.cells.slice(0, 2) };
const config = PRESETS[1]!.config;

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
    fc.assert(fc.property(inputs, check), RUNS);
  }); // prettier-ignore

  it('a checkpoint of which bytes are wrong', () => {
    const good = readFileSync('public/checkpoints/reviews.safetensors');
    const header = good.readUInt32LE(0) + 8;
    const change = fc.tuple(fc.nat(header - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = new Uint8Array(good);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          parseReviewsCheckpoint(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expectSentence((error as Error).message);
        }
      }),
      { ...RUNS, numRuns: 150 },
    );
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
