import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtRunner } from '../../scripts/builtRunner.mjs';
import { scratchFolder } from './lab';

const BUNDLE = '.lab/lab.mjs';
/** Written with every build. */
const STAMP = '.lab/sources';
const SOURCE = 'src/cli/main.ts';

describe('the runner', () => {
  it('is built when a source has changed, not otherwise', { timeout: 120_000 }, async () => {
    const builtAt = () => statSync(STAMP).mtimeMs;
    const bundledAt = statSync(BUNDLE).mtimeMs;
    const before = builtAt();
    await builtRunner();
    expect(builtAt()).toBe(before);
    const { atime, mtime } = statSync(SOURCE);
    utimesSync(SOURCE, atime, new Date(mtime.getTime() + 1000));
    await builtRunner();
    const after = builtAt();
    expect(after).toBeGreaterThan(before);
    utimesSync(SOURCE, atime, mtime);
    await builtRunner();
    expect(builtAt()).toBeGreaterThan(after);
    expect(statSync(BUNDLE).mtimeMs, 'one that runs keeps its file where nothing else came of it').toBe(bundledAt);
  });

  it('works from a packed tarball, in another folder, with its checkpoints', { timeout: 120_000 }, () => {
    const folder = scratchFolder();
    execFileSync('npm', ['pack', '--silent', '--pack-destination', folder]);
    execFileSync('tar', ['-xzf', 'pilaf-lab-0.1.0.tgz'], { cwd: folder });
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    const script = join(folder, 'package', 'scripts', 'lab.mjs');
    const small = ['seeds=1', 'schedule.steps=1', 'schedule.pairs=2', 'evaluation.samples=2'];
    const args = ['run', 'online-dpo', '--backend', 'wasm', '--out', 'out.json', '--weights', 'policies'];
    execFileSync(process.execPath, [script, ...args, ...small.flatMap((change) => ['--set', change])], {
      cwd: elsewhere,
    });
    expect(existsSync(join(elsewhere, 'out.json'))).toBe(true);
    expect(existsSync(join(elsewhere, 'policies', 'pilaf-seed0.safetensors'))).toBe(true);
  });
});
