import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Results } from '../../src/experiment/documents/results';
import { configFile, lab, run, scratchFile, scratchFolder, TINY } from './lab';

/** Long enough to be interrupted in the middle, short enough to be run to its end. */
const LONG = { ...TINY, schedule: { steps: 8000, pairs: 4 }, evaluation: { every: 1000 } };

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (condition()) return;
    await sleep(50);
  }
  throw new Error('it never came to that');
}

interface Broken {
  readonly save: string;
  readonly code: number | null;
  readonly stdout: string;
}

/** A run that gets the signal once its state has been saved. */
async function breakOff(signal: 'SIGINT' | 'SIGKILL'): Promise<Broken> {
  const save = scratchFile('');
  const args = ['run', configFile(LONG), '--backend', 'cpu', '--save', save, '--save-every', '0.2'];
  const child = spawn(process.execPath, ['.lab/lab.mjs', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (data) => (stdout += String(data)));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await until(() => statSync(save).size > 0);
  child.kill(signal);
  return { save, code: await ended, stdout };
}

async function resume(save: string): Promise<Results> {
  const out = scratchFile('');
  const { code, stderr } = await lab(['resume', save, '--out', out], { direct: true });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(readFileSync(out, 'utf8')) as Results;
}

const whole = run(LONG, '--backend', 'cpu').then(({ results }) => results);

describe('lab resume', () => {
  it('goes on after Ctrl-C as if there had been no break', async () => {
    const { save, code, stdout } = await breakOff('SIGINT');
    expect(code).toBe(130);
    expect(stdout).toContain(`lab -- resume ${save}`);
    expect((await resume(save)).runs).toEqual((await whole).runs);
    expect(existsSync(save), 'what is complete needs no state').toBe(false);
  });

  it('does what was asked for, by the command that the runner prints, and keeps the state until it is written', async () => {
    const folder = scratchFolder();
    const [save, out, weights] = ['a state', 'out', 'weights'].map((name) => join(folder, name));
    const options = ['--backend', 'cpu', '--save', save!, '--save-every', '0.2'];
    const args = ['run', configFile(LONG), ...options, '--weights', weights!];
    const broken = await lab(args, { direct: true, interruptAfter: 2500 });
    expect(broken.code, broken.stderr).toBe(130);
    const printed = `Go on with: npm run lab -- resume '${save}' --weights ${weights}\n`;
    expect(broken.stdout).toContain(printed);
    const first = await lab(['resume', save!, '--weights', weights!], { direct: true });
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toContain(`For a file of these results: npm run lab -- resume '${save}' --weights`);
    const second = await lab(['resume', save!, '--out', out!], { direct: true });
    expect(second.code, second.stderr).toBe(0);
    expect((JSON.parse(readFileSync(out!, 'utf8')) as Results).runs).toEqual((await whole).runs);
    expect(existsSync(save!)).toBe(false);
  });

  it('ends with the same hashes after a kill', async () => {
    const { save, code } = await breakOff('SIGKILL');
    expect(code).toBeNull();
    const hashesOf = ({ runs }: Results) => runs.map(({ hash }) => hash);
    expect(hashesOf(await resume(save))).toEqual(hashesOf(await whole));
  });

  it.each([
    ['nothing', [], /resume needs the file/],
    ['a file that is not there', ['nowhere.state'], /there is no file "nowhere.state"/],
    ['a file of another kind', [scratchFile('{"a": 1}')], /not safetensors/],
    ['a checkpoint', ['public/checkpoints/reviews.safetensors'], /not a stored experiment/],
  ])('refuses %s', async (_, args, message) => {
    const { code, stderr } = await lab(['resume', ...args], { direct: true });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
