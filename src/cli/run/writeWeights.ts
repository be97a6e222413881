import { join } from 'node:path';
import { weightFileNames } from '../../experiment/documents/weightFiles';
import type { Runner } from '../../run/runner';
import { writeTogether } from '../files';

/** Writes each run's policy into the folder, all of them or none; returns what to say about it. */
export function writeWeights(folder: string, runner: Runner): string {
  if (!runner.policies) return 'No weights are written: the race had not begun.\n';
  const written: { path: string; content: Uint8Array }[] = [];
  const left: string[] = [];
  weightFileNames(runner.config).forEach((name, run) => {
    const content = runner.policyFile(run);
    if (content) written.push({ path: join(folder, name), content });
    else left.push(name);
  });
  writeTogether(written);
  const runs = written.length === 1 ? '1 run are' : `${written.length} runs are`;
  const said = written.length > 0 ? `The weights of ${runs} in ${folder}.\n` : '';
  return left.length > 0 ? `${said}Left out, because the run diverged: ${left.join(', ')}.\n` : said;
}
