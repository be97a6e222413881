import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runSummary } from '../../src/analysis/runSummary';
import { parseConfig } from '../../src/experiment/config/config';
import { parseLabels, type LabelRecord } from '../../src/experiment/documents/labels';
import { parseOptimumFile } from '../../src/experiment/documents/optimumFile';
import { parseRecorded } from '../../src/experiment/documents/recorded';
import { parseResultsFile } from '../../src/experiment/documents/resultsFile';
import { parseStoredRun, parseStoredState, parseStoredSweep } from '../../src/experiment/documents/stored';
import { parseSweepDocument, sweepProblem } from '../../src/experiment/documents/sweep';
import { parseSweepResults } from '../../src/experiment/documents/sweepResults';
import { PRESETS } from '../../src/experiment/presets/presets';
import { readJson, refused, type Parsed } from '../../src/experiment/reading';
import { foreign } from '../../src/math/foreign';
import { encodeStored, parseStored } from '../../src/run/storedExperiment';
import { expectRead, frugal, RUNS, spoiledBytes } from '../support/fuzzing';
import { goodResults, showResults } from '../support/goodResults';
import { savedOf } from '../support/savedExperiment';
import { leaf, spoiled } from '../support/spoiled';

/** Whatever is read from outside ends in a value or in one sentence that is fit to be shown. */

const recorded: unknown = JSON.parse(readFileSync('public/recorded/table-1.json', 'utf8'));
const sweep = JSON.parse(readFileSync('public/sweeps/phase-map.json', 'utf8')) as { cells: unknown[] };
const optimum: unknown = JSON.parse(readFileSync('public/checkpoints/reviews.optimum.json', 'utf8'));
const small = { ...sweep, cells: sweep.cells.slice(0, 2) };
const config = PRESETS[1]!.config;
const results = goodResults();
const card = { id: 'a', name: 'a', date: '2026-01-31T12:00:00.000Z' };
const backend = { name: 'wasm', adapter: null };
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

const text = (value: unknown): string => JSON.stringify(value) ?? '';

function readSweep(input: unknown): Parsed<unknown> {
  const parsed = parseSweepDocument(input);
  const problem = parsed.ok ? sweepProblem(parsed.value) : null;
  return problem ? refused(problem.path, problem.message) : parsed;
}

/** And shows what has been read, as the page does at once. */
function readResults(input: unknown): Parsed<unknown> {
  const parsed = parseResultsFile(text(input), 'name');
  if (parsed.ok) for (const entry of parsed.value) showResults(entry.results);
  return parsed;
}

/** Every kind of document: a good one, and its reader. */
const KINDS: readonly [name: string, good: unknown, read: (input: unknown) => Parsed<unknown>][] = [
  ['a config', config, parseConfig],
  ['a sweep', { base: config, axes: [{ path: 'beta', values: [1, 2] }] }, readSweep],
  ['a sweep of a list', { base: config, list: [{ beta: 1, 'schedule.steps': 10 }, { beta: 2 }] }, readSweep],
  ['a finished sweep', small, parseSweepResults],
  ['a recorded run', recorded, parseRecorded],
  ['results', results, readResults],
  ['named results', [{ ...card, notes: 'n', results }], readResults],
  ['a stored run', { ...card, notes: '', preset: null, source: 'page', summary: runSummary(results) }, parseStoredRun],
  ['a stored state', { ...card, config, step: 3, backend, order: 1 }, parseStoredState],
  ['a stored sweep', { ...card, source: 'page', results: small }, parseStoredSweep],
  ['lines of labels', LABEL, (line) => parseLabels(`${text({ ...LABEL, pair: 2 })}\n${text(line)}\n`)],
  ['an optimum', optimum, (value) => parseOptimumFile(text(value))],
];

describe('what is read from outside', () => {
  it.each(KINDS)('%s', (_, good, read) => {
    expect(read(good)).toMatchObject({ ok: true });
    const check = frugal((input: unknown) => expectRead(read(input)));
    fc.assert(
      fc.property(fc.oneof({ arbitrary: leaf, weight: 1 }, { arbitrary: spoiled(good), weight: 4 }), check),
      RUNS,
    );
  });

  it('a stored experiment of which bytes are wrong', () => {
    const good = encodeStored(savedOf({ seeds: 2, evaluations: 4, parameters: 3, steps: 10 }));
    const check = frugal((bytes: Uint8Array) => expectRead(parseStored(bytes)));
    fc.assert(fc.property(spoiledBytes(good), check), RUNS);
  });

  const levels = (count: number) => '['.repeat(count) + ']'.repeat(count);

  it.each<[string, string]>([
    ['of a hundred thousand levels', levels(100_000)],
    ['of objects within objects', '{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000)],
    ['of a name of millions of letters', `{"${'x'.repeat(5_000_000)}": 1}`],
    ['of a million entries', `[${'0,'.repeat(1_000_000)}0]`],
    ['of a million objects', `[${'{},'.repeat(1_000_000)}0]`],
    ['of a path of thousands of names', `{"base": "bandit-race", "list": [{"${'a.'.repeat(50_000)}a": 1}]}`],
    ['of numbers that are none', '{"version": 1e999, "format": -1e999}'],
    ['that is cut off', '{"format": "pilaf-lab/results", "version": 1, "config": {"'],
  ])('a text %s', (_, given) => {
    for (const read of TEXT_READERS) frugal((one: string) => expectRead(read(one)))(given);
  });

  /** Where a place is spoiled in a way that `JSON.stringify` of the whole would not survive. */
  it.each<[string, string]>([
    ['thousands of levels', levels(10_000)],
    ['a hundred thousand empty objects', `[${'{},'.repeat(100_000)}{}]`],
    ['a hundred thousand numbers', `[${'0,'.repeat(100_000)}0]`],
  ])('any place that holds %s', (_, bad) => {
    const MARK = '"a place"';
    for (const [, good, read] of KINDS) {
      const places = fc.sample(spoiled(good, fc.constant(JSON.parse(MARK))), { numRuns: 20, seed: 1 });
      for (const place of places) {
        const check = frugal((given: string) => {
          const json = readJson(given);
          expectRead(json.ok ? read(json.value) : json);
        });
        check(text(place).replace(MARK, () => bad));
      }
    }
  });
});

/** Readers of texts, and of what is JSON in them. */
const TEXT_READERS: readonly ((text: string) => Parsed<unknown>)[] = [
  (given) => parseResultsFile(given, 'name'),
  parseLabels,
  parseOptimumFile,
  ...KINDS.map(([, , read]) => (given: string) => {
    const json = readJson(given);
    return json.ok ? read(json.value) : json;
  }),
];

describe('foreign text', () => {
  it('is shown without anything that a terminal obeys, and short', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 10, max: 100 }), (given, most) => {
        const shown = foreign(given, most);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(shown.length).toBeLessThanOrEqual(most);
      }),
      RUNS,
    );
    expect(foreign('\u001b[31mred', 60)).toBe('\\u{1b}[31mred');
    expect(foreign('plain “text” – π', 60)).toBe('plain “text” – π');
  });
});
