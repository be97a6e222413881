import { closeSync, copyFileSync, ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configFile, lab, scratchFolder, TINY } from './lab';

/** A file that is far too large is refused by its size, before a byte of it is read. */

const GIBIBYTE = 2 ** 30;
const folder = scratchFolder();

/** A file of two gibibytes that takes no room on the disk. */
function sparse(name: string): string {
  const path = join(folder, name);
  const file = openSync(path, 'w');
  ftruncateSync(file, 2 * GIBIBYTE);
  closeSync(file);
  return path;
}

const TOO_LARGE = 'the file has 2048 MiB; at most';
const reviews = configFile({ ...TINY, task: { kind: 'reviews' } });
const text = configFile({ ...TINY, task: { kind: 'text' } });

describe('a file of two gibibytes', () => {
  it.each<[what: string, name: string, args: (path: string) => string[], said: (path: string) => string]>([
    ['a config', 'a.json', (path) => ['run', path], (path) => `${path} cannot be read: ${TOO_LARGE} 500 are read.`],
    ['a sweep', 'b.json', (path) => ['sweep', path], (path) => `${path} cannot be read: ${TOO_LARGE} 500 are read.`],
    ['results', 'c.json', (path) => ['show', path], (path) => `${path}: ${TOO_LARGE} 500 are read.`],
    ['cells', 'd.jsonl', (path) => ['merge', path], (path) => `${path} cannot be read: ${TOO_LARGE} 500 are read.`],
    ['a state', 'e', (path) => ['resume', path], (path) => `${path}: ${TOO_LARGE} 2000 are read.`],
    ['a checkpoint of reviews', 'f.safetensors', (path) => ['run', reviews, '--set', `task.checkpoint=${path}`], (path) => `task.checkpoint: "${path}" cannot be used, ${TOO_LARGE} 2000 are read.`],
    ['a model of llama2.c', 'g.bin', (path) => ['run', text, '--set', `task.checkpoint=${path}`], (path) => `task.checkpoint: "${path}" cannot be used, ${TOO_LARGE} 2000 are read.`],
    ['a text to learn from', 'h.txt', (path) => ['pretrain', 'text', path], (path) => `${path} cannot be used: it has 2147483648 bytes; at most 32000000 are read.`],
  ])('as %s', async (_, name, args, said) => {
    const path = sparse(name);
    const ended = await lab(args(path), { direct: true });
    expect(ended.stderr).toBe(`${said(path)}\n`);
    expect(ended.stdout).toBe('');
    expect(ended.code).toBe(2);
  }); // prettier-ignore

  it('as what nobody needs beside a model', async () => {
    for (const name of ['config.json', 'tokenizer.json', 'model.safetensors']) {
      copyFileSync(join('tests/golden/llama', name), join(folder, name));
    }
    sparse('optimizer.bin');
    const ended = await lab(['texts', text, '--set', `task.checkpoint=${folder}`, '--count', '1', '--backend', 'cpu']);
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^- [*]{2}/);
  });
});
