import { readFileSync, statSync } from 'node:fs';
import { MOST_VALUES } from '../math/json';

/** Files are read whole, so their size is looked at first: Node would say why it cannot in words of its own. */

const MEBIBYTE = 2 ** 20;
/** Bytes of a checkpoint or a state, more than a browser takes: Node reads no file of 2 GiB in one piece. */
export const MOST_BYTES = 2000 * MEBIBYTE;
/** Of a text: Node has no longer one. */
export const MOST_TEXT_BYTES = 500 * MEBIBYTE;
/** Values in one of JSON: as it is larger than what the page takes, so are these more. */
export const MOST_TEXT_VALUES = 8 * MOST_VALUES;

/** A file's bytes; throws an Error before it reads more than these. */
export function readBytes(path: string, most = MOST_BYTES): Buffer {
  const { size } = statSync(path);
  if (size <= most) return readFileSync(path);
  throw new Error(`the file has ${Math.ceil(size / MEBIBYTE)} MiB; at most ${most / MEBIBYTE} are read`);
}

/** A text of JSON or lines of it. */
export const readText = (path: string): string => readBytes(path, MOST_TEXT_BYTES).toString('utf8');
