import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, type Page } from '@playwright/test';
import type { Results } from '../../src/experiment/documents/results';
import { STREAM, uniform } from '../../src/math/random';
import type { Lab } from '../browser/support';
import { processesBelow } from './processes';

/**
 * Each test makes one fault many times, at moments of a seeded schedule, and counts the races that came to the hashes of
 * an unbroken one.
 */

const TRIES = Number(process.env['FAULTS_TRIES'] ?? 20);

export const draw = (seed: number, item: number) =>
  uniform({ seed, stream: STREAM.evaluation, step: 0, row: 0, token: 0 }, item);

export const hashesOf = ({ runs }: Results) => runs.map(({ hash }) => hash);

export interface Tried {
  readonly survived: boolean;
  /** What was shown, in its own words. */
  readonly saw: string;
}

/** Notes a column of a test's row in the table. */
export const note = (type: string, description: string) => test.info().annotations.push({ type, description });

/** Tries a fault, and notes the row of its table. */
export async function many(fault: string, how: string, attempt: (seed: number) => Promise<Tried>): Promise<void> {
  note('fault', fault);
  note('how', how);
  note('tries', String(TRIES));
  let survived = 0;
  const saw: Record<string, number> = {};
  for (let seed = 0; seed < TRIES; seed++) {
    const tried = await attempt(seed).catch((error: unknown): Tried => {
      return { survived: false, saw: `it failed: ${String(error).split('\n')[0]}` };
    });
    if (tried.survived) survived++;
    // Numbers of steps differ from try to try.
    const said = tried.saw.replace(/\d[\d ,]*/g, 'n ').trim();
    saw[said] = (saw[said] ?? 0) + 1;
  }
  note('survived', String(survived));
  note(
    'saw',
    Object.entries(saw)
      .map(([said, times]) => `${times} × “${said}”`)
      .join('; '),
  );
  expect(survived).toBe(TRIES);
}

export const SLEEP = 'all its processes are stopped for 5 to 40 seconds (SIGSTOP), then go on';

/**
 * Stops processes for a while, as a machine that sleeps does: none of their code runs, and to them the clock has jumped.
 */
export async function asleep(seed: number, pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await sleep(1000 * (5 + 35 * draw(seed, 8)));
  for (const pid of pids) process.kill(pid, 'SIGCONT');
}

/** The browser's, which this process has started. */
export const browserProcesses = () => processesBelow(process.pid).map(({ pid }) => pid);

/** A tiny race that is under way, at a random moment after its first state. */
export async function racing(lab: Lab, seed: number, steps: number, search: string): Promise<void> {
  await lab.open(search);
  await lab.runWithState(steps);
  await sleep(1500 * draw(seed, 9));
  if ((await lab.step()) >= steps) throw new Error('the race had ended before');
}

const status = (page: Page) => page.getByRole('status').allInnerTexts();

/**
 * To the end, and what was said on the way.
 *
 * @param always whether the fault cannot pass without a word: a race that has ended before it is no try
 */
export async function told(lab: Lab, whole: readonly string[], always = false): Promise<Tried> {
  await lab.finish(120_000);
  const lines = (await status(lab.page)).flatMap((text) => text.split('\n'));
  const saw = lines.find((line) => /by itself/.test(line)) ?? 'nothing';
  const isTry = !always || saw !== 'nothing';
  return { survived: isTry && hashesOf(await lab.download()).join() === whole.join(), saw };
}

export async function unbroken(lab: Lab, steps: number, search: string): Promise<string[]> {
  await lab.open(search);
  await lab.makeTiny(steps);
  await lab.run();
  await lab.finish(120_000);
  return hashesOf(await lab.download());
}
