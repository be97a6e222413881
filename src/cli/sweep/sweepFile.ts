import { appendFileSync, existsSync, truncateSync } from 'node:fs';
import { sweepFingerprint } from '../../analysis/sweepFingerprint';
import { readJson, type Parsed } from '../../experiment/reading';
import { isObject } from '../../math/foreign';
import { cellCount, cellName, cellValues } from '../../experiment/documents/sweep';
import {
  parseCellLine,
  parseSweepHead,
  parseSweepResults,
  SWEEP_FORMAT,
  CELLS_FORMAT,
  SWEEP_VERSION,
  type CellLine,
  type SweepHead,
} from '../../experiment/documents/sweepResults';
import { otherModel } from '../../run/models';
import { known, sentence, UsageError } from '../errors';
import { MOST_TEXT_BYTES, readBytes, readText } from '../readFile';

/** A sweep's file: its head, then a line for every finished cell, in the order in which they finished. */
export interface CellFile {
  readonly head: SweepHead;
  readonly lines: readonly Omit<CellLine, 'seconds'>[];
}

const NEWLINE = 10;

/**
 * The cells that a file has already: none without `resume`, which must find no file. Where the file is there, what a
 * kill left of its last line is cut off; else it is begun. Throws UsageError for a file with something else in it.
 */
export function openCells(path: string, head: SweepHead, resume: boolean): CellFile {
  const bytes = existsSync(path) ? readCellBytes(path) : Buffer.alloc(0);
  if (bytes.length > 0 && !resume) {
    throw new UsageError(`--out: ${path} is there already; --resume goes on with it, another name begins anew`);
  }
  if (bytes.length > 0) checkAppendable(path);
  const length = bytes.lastIndexOf(NEWLINE) + 1;
  if (length > 0) {
    const known = parseLines(path, bytes.toString('utf8', 0, length));
    if (known.head.fingerprint !== head.fingerprint) {
      throw new UsageError(`--resume: ${path} belongs to another sweep, or to another --set`);
    }
    const other = otherModel(known.head.models, head.models);
    if (other !== null) throw new UsageError(`--resume: ${path}: ${other}`);
    if (length < bytes.length) truncateSync(path, length);
    return known;
  }
  if (bytes.length > 0 && !`${JSON.stringify(head)}\n`.startsWith(bytes.toString())) {
    throw new UsageError(`--resume: ${path} is not a sweep’s file`);
  }
  if (bytes.length > 0) truncateSync(path, 0);
  appendLine(path, head);
  return { head, lines: [] };
}

/** Better before the first cell than after it. */
function checkAppendable(path: string): void {
  try {
    appendFileSync(path, '');
  } catch (error) {
    throw new UsageError(`--out: ${path} cannot be written: ${sentence(error)}`, { cause: error });
  }
}

function readCellBytes(path: string): Buffer {
  try {
    return readBytes(path, MOST_TEXT_BYTES);
  } catch (error) {
    throw new UsageError(`--out: ${path}: ${sentence(error)}`, { cause: error });
  }
}

/** One write a line, so that a kill tears the last one at most. Throws an Error that names the file. */
export function appendLine(path: string, value: SweepHead | CellLine): void {
  try {
    appendFileSync(path, `${JSON.stringify(value)}\n`);
  } catch (error) {
    throw new Error(`${path} cannot be written: ${sentence(error)}`, { cause: error });
  }
}

/** The cells of a sweep's file or of a finished sweep's document. Throws UsageError. */
export function readCells(path: string): CellFile {
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UsageError(missing ? `there is no file "${path}"` : `${path} cannot be read: ${sentence(error)}`, {
      cause: error,
    });
  }
  const document = finishedDocument(text);
  if (document === null) return parseLines(path, text.slice(0, text.lastIndexOf('\n') + 1));
  const { fingerprint, sweep, backend, cells } = intact(path, parseSweepResults(document));
  const head = { format: CELLS_FORMAT, version: SWEEP_VERSION, fingerprint, sweep } as const;
  return withGoodCells(path, { head, lines: cells.map((cell) => ({ fingerprint, backend, ...cell })) });
}

function finishedDocument(text: string): unknown {
  if (!text.includes(`"${SWEEP_FORMAT}"`)) return null;
  const json = readJson(text);
  return json.ok && isObject(json.value) && json.value['format'] === SWEEP_FORMAT ? json.value : null;
}

/** Whole lines: a head, then cells. Heads may come again, where files were put together. */
function parseLines(path: string, text: string): CellFile {
  let head: SweepHead | null = null;
  const lines: CellLine[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const place = `${path}, line ${i + 1}`;
    const value = intact(place, readJson(line));
    if (head === null) head = intact(place, parseSweepHead(value));
    else if (line !== JSON.stringify(head)) lines.push(intact(place, parseCellLine(value)));
  }
  if (head === null) throw new UsageError(`${path} has no whole line of a sweep`);
  return withGoodCells(path, { head, lines });
}

function withGoodCells(path: string, file: CellFile): CellFile {
  const { sweep, fingerprint } = file.head;
  if (sweepFingerprint(sweep) !== fingerprint) {
    throw new UsageError(
      `${path}: the sweep is not that of its fingerprint, or another version of the program made it`,
    );
  }
  for (const line of file.lines) {
    if (line.fingerprint !== fingerprint) {
      throw new UsageError(`${path}: cell ${line.number} belongs to another sweep`);
    }
    if (line.number >= cellCount(sweep)) {
      throw new UsageError(`${path}: there is no cell ${line.number}; the last one is ${cellCount(sweep) - 1}`);
    }
    if (JSON.stringify(line.values) !== JSON.stringify(cellValues(sweep, line.number))) {
      throw new UsageError(
        `${path}: the values of cell ${line.number} are not those of ${cellName(sweep, line.number)}`,
      );
    }
  }
  return file;
}

const intact = <T>(place: string, parsed: Parsed<T>): T => known(parsed, `${place} is damaged or foreign`);
