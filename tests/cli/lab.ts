import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Results } from '../../src/experiment/documents/results';
import type { ExperimentConfigInput } from '../../src/experiment/config/schema';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Manner {
  /** After so many milliseconds it gets a Ctrl-C. */
  readonly interruptAfter?: number;
  /** Starts the bundle without the launcher that makes Dawn ready: quicker, for what needs no GPU. */
  readonly direct?: boolean;
  /** More than this process has. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs the bundled command line as `npm run lab` does. */
export function lab(
  args: readonly string[],
  { interruptAfter, direct = false, environment = {} }: Manner = {},
): Promise<Ended> {
  const script = direct ? '.lab/lab.mjs' : 'scripts/lab.mjs';
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  const ended = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => (ended.stdout += String(data)));
  child.stderr.on('data', (data) => (ended.stderr += String(data)));
  const timer = interruptAfter === undefined ? undefined : setTimeout(() => child.kill('SIGINT'), interruptAfter);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ ...ended, code });
    });
  });
}

const folders: string[] = [];
afterAll(() => {
  for (const one of folders) rmSync(one, { recursive: true, force: true });
});

/** A folder that is gone when the file's tests are over. */
export function scratchFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'pilaf-lab-cli-'));
  folders.push(made);
  return made;
}

const folder = scratchFolder();
let files = 0;

/** A new file with this content; returns its path. */
export function scratchFile(content: string | Uint8Array, ending = '.json'): string {
  const path = join(folder, `${files++}${ending}`);
  writeFileSync(path, content);
  return path;
}

export const configFile = (config: unknown): string => scratchFile(JSON.stringify(config));

/** A race of a second or so. */
export const TINY = {
  task: { kind: 'bandit', prompts: 3, responses: 4 },
  arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
  seeds: 2,
  beta: 1,
  learningRate: 0.05,
  schedule: { steps: 10, pairs: 4 },
  evaluation: { every: 1 },
} as const satisfies ExperimentConfigInput;

export interface Finished extends Ended {
  readonly results: Results;
}

/** `lab run` to the end; throws with what was said where it fails. */
export async function run(config: unknown, ...args: readonly string[]): Promise<Finished> {
  const out = scratchFile('');
  const ended = await lab(['run', configFile(config), '--out', out, ...args]);
  if (ended.code !== 0) throw new Error(`lab run ended with ${ended.code}: ${ended.stderr}${ended.stdout}`);
  return { ...ended, results: JSON.parse(readFileSync(out, 'utf8')) as Results };
}

/** The processes that a process has started. */
export const childrenOf = (pid: number): number[] =>
  execFileSync('ps', ['-ax', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/ +/).map(Number))
    .flatMap(([child, parent]) => (parent === pid ? [child!] : []));
