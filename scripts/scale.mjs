/**
 * `npm run test:scale`: the tests of `scale/`, with the packages of its lock file in an environment of their own. Ends
 * with an error where there is no Python that it runs on.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SCALE = join(ROOT, 'scale');
const ENVIRONMENT = join(ROOT, 'node_modules/.cache/scale');
const LOCK = join(SCALE, 'requirements.txt');
const STAMP = join(ENVIRONMENT, 'lock');
const PYTHON = join(ENVIRONMENT, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
const NEWEST = 14;
const OLDEST = 11;

/**
 * Runs a command; ends this program where it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 */
function run(command, args, cwd = SCALE) {
  const env = { ...process.env, OMP_NUM_THREADS: '1' };
  const { status } = spawnSync(command, args, { cwd, env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** @returns {string | undefined} */
function findPython() {
  const versions = Array.from({ length: NEWEST - OLDEST + 1 }, (_, i) => `python3.${OLDEST + i}`);
  return versions.find((name) => spawnSync(name, ['--version']).status === 0);
}

const lock = createHash('sha256').update(readFileSync(LOCK)).digest('hex');
if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== lock) {
  const python = findPython();
  if (!python) {
    console.error(`The tests of scale/ need Python 3.${OLDEST} or newer, and there is none here.`);
    process.exit(1);
  }
  rmSync(ENVIRONMENT, { recursive: true, force: true });
  run(python, ['-m', 'venv', ENVIRONMENT]);
  run(PYTHON, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', LOCK]);
  run(PYTHON, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--editable', SCALE]);
  writeFileSync(STAMP, lock);
}
// The runner is built before several tests want it at once.
run(process.execPath, [join(ROOT, 'scripts/lab.mjs'), 'samplers'], ROOT);
run(PYTHON, ['-m', 'ruff', 'check', '.']);
run(PYTHON, ['-m', 'ruff', 'format', '--check', '.']);
run(PYTHON, ['-m', 'mypy']);
run(PYTHON, ['-m', 'pytest', '--quiet', ...process.argv.slice(2)]);
