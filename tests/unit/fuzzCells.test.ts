import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { readCells } from '../../src/cli/sweep/sweepFile';
import { goodCells, linesOf } from '../support/goodCells';
import { expectReadOrThrown, frugal, RUNS } from '../support/fuzzing';
import { leaf, spoiled } from '../support/spoiled';

/** A sweep's file, a line for each cell, of which lines are wrong. */

const folder = mkdtempSync(join(tmpdir(), 'pilaf-lab-cells-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'cells.jsonl');

const { head, cells } = goodCells();
const [cell, other] = cells;

const read = (text: string) => {
  writeFileSync(path, text);
  return readCells(path);
};

it('are refused in a sentence, or read', () => {
  expect(read(linesOf([head, cell, other])).lines).toHaveLength(2);
  const lines = fc.oneof(
    spoiled(head).map((line) => linesOf([line, cell])),
    spoiled(cell).map((line) => linesOf([head, line, other])),
    leaf.map((line) => linesOf([head, cell, line])),
    fc.nat(linesOf([head, cell]).length).map((length) => linesOf([head, cell]).slice(0, length)),
    fc.string({ unit: 'binary' }),
  );
  const check = frugal((text: string) => expectReadOrThrown(() => read(text)));
  fc.assert(fc.property(lines, check), RUNS);
});
