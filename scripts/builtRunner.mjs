import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FOLDER = join(ROOT, '.lab');
const RUNNER = join(FOLDER, 'lab.mjs');
/** Of the sources that the runner was built from. */
const STAMP = 'sources';

/** What the bundle is made of, and by. */
const SOURCES = ['src', 'scripts/simdPlugin.mjs', 'vite.lab.config.ts', 'package-lock.json'];

/**
 * Which sources there are, how large, and when they were changed.
 *
 * @param {string} path
 * @returns {string[]}
 */
function states(path) {
  const state = statSync(path);
  return state.isDirectory()
    ? readdirSync(path).flatMap((name) => states(join(path, name)))
    : [`${relative(ROOT, path)} ${state.size} ${state.mtimeMs}`];
}

/**
 * Builds the runner, .lab/lab.mjs, where its sources are not those that it was built from. A package has the runner
 * and no sources.
 *
 * @returns {Promise<string>} its path
 */
export async function builtRunner() {
  if (!existsSync(join(ROOT, 'src'))) return RUNNER;
  const lines = SOURCES.flatMap((path) => states(join(ROOT, path)));
  const stamp = createHash('sha256').update(lines.join('\n')).digest('hex');
  const known = join(FOLDER, STAMP);
  if (existsSync(RUNNER) && existsSync(known) && readFileSync(known, 'utf8') === stamp) return RUNNER;
  const { build } = await import('vite');
  // One that runs still needs its files, and another may be built at the same time: these take their places whole.
  const outDir = `${FOLDER}-${process.pid}`;
  try {
    await build({ root: ROOT, configFile: join(ROOT, 'vite.lab.config.ts'), logLevel: 'error', build: { outDir } });
    mkdirSync(FOLDER, { recursive: true });
    for (const name of readdirSync(outDir)) {
      const [next, place] = [join(outDir, name), join(FOLDER, name)];
      const isSame = existsSync(place) && readFileSync(place).equals(readFileSync(next));
      if (!isSame) renameSync(next, place);
    }
    // Last: it says that all is there.
    writeFileSync(known, stamp);
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
  return RUNNER;
}
