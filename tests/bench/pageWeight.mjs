/** What the built page weighs, file by file. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * @param {string} folder
 * @param {readonly (readonly [string, ReadonlySet<string>])[]} uses what was asked for when, in this order
 * @returns {import('./results').ChunkRow[]}
 */
export function pageWeight(folder, uses) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => {
    const path = join(parentPath, name);
    const file = path.slice(folder.length + 1).replaceAll(sep, '/');
    const content = readFileSync(path);
    return {
      kind: 'chunk',
      file,
      bytes: content.length,
      gzipped: gzipSync(content, { level: 9 }).length,
      neededBy: uses.find(([, asked]) => asked.has(file))?.[0] ?? null,
    };
  });
}
