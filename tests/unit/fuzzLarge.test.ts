import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseLabels } from '../../src/experiment/documents/labels';
import { parseResultsFile } from '../../src/experiment/documents/resultsFile';
import { parseSweepDocument, sweepProblem } from '../../src/experiment/documents/sweep';
import { MAXIMUM_FILE_BYTES, problemText, type Parsed } from '../../src/experiment/reading';
import { parseSafetensors } from '../../src/policy/safetensors';
import { readCoder } from '../../src/tasks/text/coder';
import { readSweepFile } from '../../src/views/sweeps/importSweep';
import { goodResults } from '../support/goodResults';
import { frugal, frugalAsync } from '../support/fuzzing';
import { configOf } from '../support/tasks';

/**
 * Files just below what the page takes. The page reads one in two tasks, of half a second each on a good machine. Beside
 * other work they may take several times as long; what these tests found took half a minute and more, or gigabytes.
 */
const BOUNDS = { patience: 5000, memory: 256 * 2 ** 20, exact: true };

const TINY = configOf({
  task: { kind: 'bandit', prompts: 2, responses: 3 },
  arms: [{ sampler: 'vanilla' }],
  seeds: 1,
  beta: 1,
  learningRate: 0.01,
  schedule: { steps: 10, pairs: 1 },
  evaluation: { every: 1 },
});

/** As many copies as fit into a list with a bad one at its end. */
function listOf(bytes: number, entry: string, last: string, most = Infinity): string {
  const count = Math.min(most, Math.floor((bytes - last.length - 2) / (entry.length + 1)));
  return `[${`${entry},`.repeat(count)}${last}]`;
}

/** An object with as many names, and a list of these. */
const named = (names: number, list: string): string =>
  `{${Array.from({ length: names }, (_, i) => `"${i.toString(36)}_":0`).join()},"list":[${list}]}`;

const said = (parsed: Parsed<unknown>): string => (parsed.ok ? 'read' : problemText(parsed.problems));

describe('a file of runs below the limit', () => {
  const good = JSON.stringify(goodResults(500));
  const evaluations = (entry: string) =>
    JSON.stringify({ ...goodResults(), runs: [{ ...goodResults().runs[0], evaluations: '…' }] }).replace('"…"', entry);

  it.each<[string, () => string, RegExp]>([
    ['that is wrong in its last run', () => listOf(MAXIMUM_FILE_BYTES, good, good.replace('"wasm"', '"wosm"')), /^\d+\.backend\.name: "wosm" is not allowed/],
    ['with an evaluation that is empty a million times', () => evaluations(listOf(3_000_000, '{}', '{}')), /^runs\.0\.evaluations\.0\.step: is missing$/],
    ['that is foreign, millions of objects', () => listOf(MAXIMUM_FILE_BYTES, '{}', '0'), /more than 3000000 values/],
    ['that is foreign, millions of numbers', () => listOf(MAXIMUM_FILE_BYTES, '0', '0'), /more than 3000000 values/],
    ['that is foreign, as many numbers as are read', () => listOf(MAXIMUM_FILE_BYTES, '1e9', '""', 2_900_000), /at most 2000 are read at once/],
    ['that is foreign, a million names', () => named(1_000_000, ''), /more than 300000 different names/],
    ['that is foreign, a million objects with names of their own', () => `[${Array.from({ length: 1_000_000 }, (_, i) => `{"${i}":0}`).join()}]`, /more than 300000 different names/],
    ['that is foreign, as many names and words as are read', () => named(290_000, Array.from({ length: 2_600_000 }, (_, i) => `"語${i.toString(36)}"`).join()), /no results of this program/],
    ['of levels', () => '['.repeat(MAXIMUM_FILE_BYTES), /more than 100 levels/],
  ])('%s', (_, make, message) => {
    frugal((text: string) => expect(said(parseResultsFile(text, 'name'))).toMatch(message), BOUNDS)(make());
  }); // prettier-ignore

  it('that is a text and no labels', () => {
    frugal(
      (text: string) => expect(said(parseLabels(text))).toMatch(/more than the 100000 lines allowed/),
      BOUNDS,
    )(`${'\n'.repeat(MAXIMUM_FILE_BYTES - 1)}x`);
  });
});

describe('a file of a sweep below the limit', () => {
  const sweep = JSON.parse(readFileSync('public/sweeps/phase-map.json', 'utf8')) as { cells: unknown[] };
  const withCells = (entry: string) => JSON.stringify({ ...sweep, cells: '…' }).replace('"…"', entry);
  // More would be more values than are read.
  const cells = 50 * 2 ** 20;

  it.each<[string, () => string, RegExp]>([
    ['that is wrong in its last cell', () => withCells(listOf(cells, JSON.stringify(sweep.cells[0]), '0')), /^cells\.\d+: /],
    ['with a cell that is empty a million times', () => withCells(listOf(3_000_000, '{}', '{}')), /^cells\.0\.number: is missing\.$/],
    ['that is foreign, millions of objects', () => listOf(MAXIMUM_FILE_BYTES, '{}', '0'), /more than 3000000 values/],
    ['that is foreign, millions of numbers', () => listOf(MAXIMUM_FILE_BYTES, '0', '0'), /more than 3000000 values/],
    ['whose axis has values of thousands of letters', () => JSON.stringify({ base: TINY, axes: [{ path: 'beta', values: Array.from({ length: 4000 }, (_, i) => 'x'.repeat(8000) + i) }] }), /^cell 0 .*is not allowed/],
  ])('%s', async (_, make, message) => {
    const read = frugalAsync(async (file: File) => {
      const found = await readSweepFile(file);
      expect(found.kind === 'problem' ? found.text : 'read').toMatch(message);
    }, BOUNDS);
    await read(new File([make()], 'sweep.json'));
  }); // prettier-ignore
});

describe('a file of weights', () => {
  const weights = (header: string) => {
    const text = new TextEncoder().encode(header);
    const bytes = new Uint8Array(8 + text.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
    bytes.set(text, 8);
    return bytes;
  };
  const lists = `{"a":${listOf(15_000_000, '[]', '0')}}`;

  it.each<[string, () => string, RegExp]>([
    ['whose header is millions of lists', () => lists, /its header has more than 3000000 values$/],
    ['whose header is a quarter of a million empty tensors', () => `{${Array.from({ length: 290_000 }, (_, i) => `"${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`).join()},"x":0}`, /tensor x has type undefined/],
    ['whose header has no end', () => `{"a":"${'x'.repeat(MAXIMUM_FILE_BYTES)}"}`, /its header is longer than 64 MiB$/],
  ])('%s', (_, header, message) => {
    const read = frugal((bytes: Uint8Array) => expect(() => parseSafetensors(bytes)).toThrow(message), BOUNDS);
    read(weights(header()));
  }); // prettier-ignore

  it('whose tokenizer is millions of lists', () => {
    const message = 'tokenizer.json cannot be read: it has more than 3000000 values';
    frugal((text: string) => expect(() => readCoder(text, [])).toThrow(message), BOUNDS)(lists);
  });
});

it('a sweep of thousands of cells with the largest tables', () => {
  const rewards = Array.from({ length: 256 }, () => Array<number>(256).fill(1));
  const values = (count: number) => Array.from({ length: count }, (_, i) => (i + 1) / 100);
  const sweepOf = (count: number) => ({
    base: { ...TINY, task: { kind: 'bandit', rewards } },
    axes: [{ path: 'beta', values: values(count) }],
  });
  const read = (count: number) => {
    const parsed = parseSweepDocument(sweepOf(count));
    const problem = parsed.ok ? sweepProblem(parsed.value) : null;
    return problem ? problemText([problem]) : said(parsed);
  };
  frugal((count: number) => expect(read(count)).toMatch(/tables have 268435456 entries in all cells/), BOUNDS)(4096);
  frugal((count: number) => expect(read(count)).toBe('read'), BOUNDS)(512);
});
