import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { compression as ofRunner } from '../../src/cli/compression';
import { permalinkOf, parsePermalink } from '../../src/experiment/config/permalink';
import { resultsFileText } from '../../src/experiment/documents/resultsFile';
import { parseSweepDocument, sweepProblem } from '../../src/experiment/documents/sweep';
import { parseValues, valuesText } from '../../src/experiment/documents/typedAxes';
import { PRESETS } from '../../src/experiment/presets/presets';
import { problemText } from '../../src/experiment/reading';
import { readAddress } from '../../src/views/browser/address';
import { compression as ofPage } from '../../src/views/browser/compression';
import { labelConfig } from '../../src/views/learn/label/setup';
import { forget, readStored, store, type StoredLabelling } from '../../src/views/learn/label/stored';
import { importRuns } from '../../src/views/runs/importRuns';
import type { Library, NewRun } from '../../src/views/runs/library.svelte';
import { readSweepFile } from '../../src/views/sweeps/importSweep';
import { goodResults, showResults } from '../support/goodResults';
import { expectRead, expectSentence, frugal, frugalAsync, RUNS } from '../support/fuzzing';
import { leaf, spoiled } from '../support/spoiled';

/** What the page itself reads: addresses, links, what is typed, files that are opened, and what an earlier visit left. */

const config = PRESETS[1]!.config;

describe.each([
  ['the page', ofPage],
  ['the runner', ofRunner],
])('a link that %s unpacks', (_, compression) => {
  const read = frugalAsync(async (link: string) => expectRead(await parsePermalink(link, compression)));
  const linkOf = (payload: string | Uint8Array) => `#v1.${deflateSync(payload).toString('base64url')}`;

  it('has wrong letters, or packs anything', async () => {
    const good = await permalinkOf(config, compression);
    const letters = fc.tuple(fc.nat(good.length - 1), fc.constantFrom(...'#v1.aZ-_%🙂')).map(([at, letter]) => {
      return good.slice(0, at) + letter + good.slice(at + 1);
    });
    const packed = fc.oneof(spoiled(config), fc.jsonValue()).map((value) => linkOf(JSON.stringify(value) ?? ''));
    const noText = fc.uint8Array().map(linkOf);
    const links = fc.oneof(letters, packed, noText, fc.string({ unit: 'binary' }));
    await fc.assert(fc.asyncProperty(links, read), RUNS);
  });

  it('packs far more than a config', async () => {
    // 40,000 letters that unpack to 30 MB, and more letters than a link may have.
    for (const count of [30_000_000, 200_000_000]) {
      const bomb = linkOf(Buffer.alloc(count, '['));
      const say = frugalAsync(async (link: string) => {
        const parsed = await parsePermalink(link, compression);
        expect(parsed.ok ? 'read' : problemText(parsed.problems)).toMatch(/unpacks to more than|has \d+ letters/);
      });
      await say(bomb);
    }
  });
});

it('an address', () => {
  const word = fc.oneof(
    fc.constantFrom(
      'backend',
      'workers',
      'present',
      'embed',
      'wasm',
      'plane',
      '2',
      '0',
      '-1',
      '1e9',
      '=',
      '&',
      '%',
      '+',
    ),
    fc.string({ unit: 'binary' }),
  );
  const addresses = fc.array(word, { maxLength: 12 }).map((words) => `?${words.join('')}`);
  const named = fc
    .tuple(fc.constantFrom('backend', 'workers', 'embed'), fc.string({ unit: 'binary' }))
    .map(([name, value]) => `?${name}=${value}`);
  const check = frugal((search: string) => readAddress(search).problems.forEach(expectSentence));
  fc.assert(fc.property(fc.oneof(addresses, named), check), RUNS);
});

describe('the values of an axis, as they are typed,', () => {
  const check = frugal((typed: string) => {
    const values = parseValues(typed);
    expect(parseValues(valuesText(values))).toEqual(values);
    const parsed = parseSweepDocument({ base: config, axes: [{ path: 'beta', values }] });
    expectRead(parsed);
    const problem = parsed.ok ? sweepProblem(parsed.value) : null;
    if (problem) expectSentence(problemText([problem]));
  });

  it('are anything', () => {
    const part = fc.oneof(
      fc.constantFrom('1', '0.5', ',', ' ', '[', ']', '{', '}', '"', '\\', 'dpo', 'null'),
      fc.string(),
    );
    const typed = fc.oneof(
      fc.array(part).map((parts) => parts.join('')),
      leaf.map((value) => JSON.stringify(value)),
    );
    fc.assert(fc.property(typed, check), RUNS);
  });

  it('are of a hundred thousand levels', () => {
    check('['.repeat(100_000) + ']'.repeat(100_000));
    check(`1, ${'['.repeat(100_000)}`);
  });
});

describe('a file that is opened', () => {
  const fileOf = (content: string | Uint8Array<ArrayBuffer>) => new File([content], 'a file.json');
  const textOf = (value: unknown) => JSON.stringify(value) ?? '';
  const anyText = fc.oneof(fc.string({ unit: 'binary' }), leaf.map(textOf));

  it('with a sweep', async () => {
    const good = { base: config, axes: [{ path: 'beta', values: [1, 2] }] };
    expect(await readSweepFile(fileOf(textOf(good)))).toMatchObject({ kind: 'document' });
    const check = frugalAsync(async (content: string) => {
      const read = await readSweepFile(fileOf(content));
      if (read.kind === 'problem') expectSentence(read.text);
    });
    await fc.assert(fc.asyncProperty(fc.oneof(anyText, spoiled(good).map(textOf)), check), RUNS);
  });

  it('with runs, which are added whole or not at all', async () => {
    const notes = { name: 'n', notes: '', date: '2026-01-31T12:00:00.000Z', results: goodResults() };
    const check = frugalAsync(async (content: string) => {
      const added: NewRun[] = [];
      const library = { entries: [], add: async (run: NewRun) => added.push(run) } as unknown as Library;
      const said = await importRuns([fileOf(content)], library);
      expectSentence(said!.text);
      if (said!.bad) expect(added).toEqual([]);
      for (const { results } of added) showResults(results);
    });
    await check(resultsFileText([notes]));
    const dates = fc.stringMatching(/^20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d(\.\d{1,3})?(Z|[+-]\d\d(:?\d\d)?)$/);
    const dated = dates.map((date) => ({ ...notes, date }));
    const files = fc.oneof(anyText, spoiled([notes, notes]).map(textOf), dated.map(textOf));
    await fc.assert(fc.asyncProperty(files, check), RUNS);
  });
});

describe('what an earlier visit left of a labelling', () => {
  const left = new Map<string, string>();
  beforeEach(() => {
    left.clear();
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => left.get(key) ?? null,
      setItem: (key: string, value: string) => void left.set(key, value),
    });
    return () => vi.unstubAllGlobals();
  });

  const LEFT: StoredLabelling = {
    setup: { task: 'bandit', first: 'vanilla', second: 'pilaf', rounds: 4, seed: 0 },
    records: [
      { prompt: 'p', chosen: 'a', rejected: 'b', arm: 'PILAF', seed: 0, step: 0, pair: 0, seconds: 1, tie: false },
    ],
    repeats: { same: 1, all: 1 },
    votes: ['left', 'tie'],
    ties: true,
  };

  it('is found by its settings, or as the last one', () => {
    const other = { ...LEFT, setup: { ...LEFT.setup, seed: 1 }, votes: [] };
    store(LEFT);
    store(other);
    expect([readStored(), readStored(LEFT.setup), readStored(other.setup)]).toEqual([other, LEFT, other]);
    forget(other.setup);
    expect([readStored(), readStored(LEFT.setup), readStored(other.setup)]).toEqual([null, LEFT, null]);
  });

  it('is found where an older page has stored the only one', () => {
    store(LEFT);
    const [, text] = [...left][0]!;
    left.clear();
    left.set('pilaf-lab/labelling', text);
    expect([readStored(), readStored(LEFT.setup)]).toEqual([LEFT, LEFT]);
    expect(readStored({ ...LEFT.setup, seed: 1 })).toBeNull();
    forget(LEFT.setup);
    expect(readStored(LEFT.setup)).toBeNull();
  });

  it('is used whole, or not at all', () => {
    store(LEFT);
    expect(readStored()).toEqual(LEFT);
    const [key, good] = [...left][0]!;
    const shape = {
      setup: { task: expect.any(String), first: expect.any(String), second: expect.any(String), rounds: expect.any(Number), seed: expect.any(Number) },
      records: expect.any(Array),
      repeats: { same: expect.any(Number), all: expect.any(Number) },
      votes: expect.any(Array),
      ties: expect.any(Boolean),
    }; // prettier-ignore
    const check = frugal((text: string) => {
      left.set(key, text);
      const stored = readStored();
      if (stored === null) return;
      expect(stored).toEqual(shape);
      labelConfig(stored.setup);
    });
    const texts = fc.oneof(
      fc.string(),
      fc.oneof(leaf, spoiled(JSON.parse(good))).map((value) => JSON.stringify(value) ?? ''),
    );
    fc.assert(fc.property(texts, check), RUNS);
  });
});
