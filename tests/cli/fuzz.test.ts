import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCells } from '../../src/cli/sweep/sweepFile';
import { parseConfig } from '../../src/experiment/config/config';
import { parseSweepDocument, sweepProblem } from '../../src/experiment/documents/sweep';
import { goodCells, linesOf } from '../support/goodCells';
import { fewer } from '../support/fuzzing';
import { JAVASCRIPT, spoiled } from '../support/spoiled';
import { configFile, lab, scratchFolder, TINY } from './lab';

/** Broken files of every kind end in exit code 2 and one sentence, and nothing is written. */

const SEED = 7;
/** A case is a process of its own. */
const EACH = fewer(6);
/** Milliseconds. */
const PATIENCE = 30_000 + 5000 * EACH;
const folder = scratchFolder();

async function expectRefused(args: readonly string[], file: string, content: string | Uint8Array): Promise<void> {
  writeFileSync(join(folder, file), content);
  const before = readdirSync(folder);
  const out = join(folder, 'results.json');
  const ended = await lab([...args, '--out', out], { direct: true });
  const said = `${ended.stderr} ← ${String(content).slice(0, 200)}`;
  expect(ended.code, said).toBe(2);
  expect(ended.stderr, said).toMatch(/^[^\n]{5,1100}[.!?…]\n$/u);
  expect(ended.stderr, said).not.toMatch(JAVASCRIPT);
  expect(ended.stderr.trim(), said).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(ended.stdout, said).toBe('');
  expect(existsSync(out), said).toBe(false);
  expect(readdirSync(folder), said).toEqual(before);
}

const samples = (input: fc.Arbitrary<unknown>) => fc.sample(input, { numRuns: EACH, seed: SEED });

/** A file with some of its first bytes, where everything is described, changed. */
function withWrongBytes(good: Buffer): fc.Arbitrary<Uint8Array> {
  const header = Math.min(good.length, good.readUInt32LE(0) + 8);
  return fc.array(fc.tuple(fc.nat(header - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }).map((changes) => {
    const bytes = new Uint8Array(good);
    for (const [at, value] of changes) bytes[at] = value;
    return bytes;
  });
}

describe('a broken file', { timeout: PATIENCE }, () => {
  it('that should be a config', async () => {
    const bad = spoiled(TINY).filter((input) => !parseConfig(input).ok && JSON.stringify(input) !== undefined);
    for (const input of samples(bad)) {
      await expectRefused(['run', join(folder, 'config.json')], 'config.json', JSON.stringify(input));
    }
  });

  it('that should be a sweep', async () => {
    const good = { base: TINY, axes: [{ path: 'beta', values: [1, 2] }] };
    const isBad = (input: unknown) => {
      const parsed = parseSweepDocument(input);
      return !parsed.ok || sweepProblem(parsed.value) !== null;
    };
    for (const input of samples(spoiled(good).filter((one) => isBad(one) && JSON.stringify(one) !== undefined))) {
      await expectRefused(['sweep', join(folder, 'sweep.json')], 'sweep.json', JSON.stringify(input));
    }
  });

  it('that should be a sweep’s cells', async () => {
    const path = join(folder, 'cells.jsonl');
    const { head, cells } = goodCells();
    const isBad = (lines: string) => {
      writeFileSync(path, lines);
      try {
        readCells(path);
        return false;
      } catch {
        return true;
      }
    };
    const bad = fc
      .oneof(
        spoiled(head).map((line) => [line, ...cells]),
        spoiled(cells[0]).map((line) => [head, line]),
      )
      .map(linesOf)
      .filter(isBad);
    for (const lines of samples(bad)) {
      await expectRefused(['merge', path, '--partial'], 'cells.jsonl', lines as string);
    }
  });

  it('that should be a checkpoint', async () => {
    const good = readFileSync('public/checkpoints/reviews.safetensors');
    // The bytes that say what lies where; those of names in the vocabulary may change without harm.
    const bad = fc.nat(good.readUInt32LE(0) - 1).map((length) => new Uint8Array(good).subarray(0, 8 + length));
    const reviews = configFile({ ...TINY, task: { kind: 'reviews' } });
    const path = join(folder, 'mine.safetensors');
    for (const bytes of samples(bad)) {
      await expectRefused(
        ['run', reviews, '--set', `task.checkpoint=${path}`],
        'mine.safetensors',
        bytes as Uint8Array,
      );
    }
  });

  it('that should be a state', async () => {
    const state = join(folder, 'state');
    const long = configFile({ ...TINY, schedule: { steps: 100_000, pairs: 4 }, evaluation: { every: 1000 } });
    const args = ['run', long, '--backend', 'cpu', '--save', state, '--save-every', '0.1'];
    await lab(args, { direct: true, interruptAfter: 3000 });
    const good = readFileSync(state);
    for (const bytes of samples(withWrongBytes(good))) {
      await expectRefused(['resume', join(folder, 'broken')], 'broken', bytes as Uint8Array);
    }
  });
});
