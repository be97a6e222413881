import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { labelLines, type LabelRecord } from '../../src/experiment/documents/labels';
import type { Results } from '../../src/experiment/documents/results';
import { agreeingLabels } from '../support/agreeingLabels';
import { configFile, lab, scratchFile, scratchFolder, TINY } from './lab';

const PERSON = { ...TINY, labeller: { reader: 'person' }, seeds: 1, schedule: { steps: 2, pairs: 2 } };
const person = configFile(PERSON);
const run = (...args: string[]) => lab(['run', person, '--backend', 'cpu', ...args], { direct: true });

/** Without a state nobody goes on: its last one must be of where the labels end. */
it('lab resume goes on where the labels of lab run have ended, to the hashes of one run with all of them', async () => {
  const folder = scratchFolder();
  const [pairs, save, out, whole] = ['pairs', 'state', 'out', 'whole'].map((name) => join(folder, name));
  const race = { ...TINY, seeds: 1, schedule: { steps: 6, pairs: 2 } };
  await lab(['run', configFile(race), '--backend', 'cpu', '--pairs', pairs!], { direct: true });
  const lines = agreeingLabels(pairs!);
  const all = scratchFile(lines.join('\n'), '.jsonl');
  const early = scratchFile(lines.filter((line) => (JSON.parse(line) as LabelRecord).step < 3).join('\n'), '.jsonl');
  const config = configFile({ ...race, labeller: { reader: 'person' } });
  const labelled = (...args: string[]) => lab([...args, '--backend', 'cpu'], { direct: true });
  const first = await labelled('run', config, '--labels', early, '--save', save!, '--out', out!);
  expect(first.code, first.stderr).toBe(0);
  expect(first.stdout).toContain(`Go on with: npm run lab -- resume ${save} --out ${out} --labels ${early}\n`);
  const results = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Results;
  expect(results(out!).runs.map(({ status }) => status)).toEqual(['stopped', 'stopped']);
  const resumed = await labelled('resume', save!, '--labels', all, '--out', out!);
  expect(resumed.code, resumed.stderr).toBe(0);
  await labelled('run', config, '--labels', all, '--out', whole!);
  expect(results(out!).runs).toEqual(results(whole!).runs);
  expect(existsSync(save!)).toBe(false);
});

describe('lab run --labels', () => {
  it('needs them where a person labels, and nowhere else', async () => {
    const without = await run();
    expect(without).toMatchObject({ code: 2 });
    expect(without.stderr).toMatch(/^labeller\.reader: "person" needs the labels of one; give --labels <file\.jsonl>/);
    const other = await lab(['run', configFile(TINY), '--labels', scratchFile('')], { direct: true });
    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toMatch(/^--labels: labeller\.reader is "oracle"; give "person"/);
  });

  it('names the line that is wrong', async () => {
    const { code, stderr } = await run('--labels', scratchFile('{"prompt": 1}\n', '.jsonl'));
    expect({ code, stderr }).toMatchObject({ code: 2 });
    expect(stderr).toMatch(/\.jsonl: line 1\.prompt: must be text/);
    const missing = await run('--labels', '/nowhere.jsonl');
    expect(missing.stderr).toMatch(/^\/nowhere\.jsonl cannot be read: /);
    expect(missing.code).toBe(2);
  });

  it('refuses a file that has not the first labels, and those of other completions', async () => {
    const out = scratchFile('');
    const ended = await run('--labels', scratchFile('', '.jsonl'), '--out', out);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(
      /^--labels: the file does not have all labels .* such as pair 0 of arm "Vanilla", seed 0/,
    );
    const records = ['Vanilla', 'PILAF'].flatMap((arm) =>
      [0, 1].map((pair): LabelRecord => ({
        ...{ prompt: 'prompt 1', chosen: 'nothing', rejected: 'of this', arm, seed: 0, step: 0, pair },
        ...{ seconds: 1, tie: false },
      })),
    );
    const strange = await run('--labels', scratchFile(labelLines(records), '.jsonl'));
    expect(strange.code).toBe(1);
    expect(strange.stderr).toMatch(/the label of pair 0 of Vanilla at step 0, counted from 0, is of other completions/);
  });
});
