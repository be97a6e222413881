import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { tunedBy } from '../../src/experiment/config/tuned';
import type { ExperimentConfig } from '../../src/experiment/config/schema';
import type { Results } from '../../src/experiment/documents/results';
import { configFile, lab as launch, scratchFolder, TINY } from './lab';

const lab = (args: readonly string[]) => launch(args, { direct: true });
const folder = scratchFolder();
const race = configFile({ ...TINY, arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }] });
vi.setConfig({ testTimeout: 240_000 });

const tune = (...args: readonly string[]) =>
  lab(['tune', race, '--over', 'learningRate=0.001,0.05', '--seeds', '3', '--backend', 'cpu', ...args]);

describe('lab tune', () => {
  it('writes the race with every arm at its best, which says how it came by its values', async () => {
    const [cells, out] = [join(folder, 'cells.jsonl'), join(folder, 'tuned.json')];
    const { code, stdout, stderr } = await tune('--over', 'alpha=0.5,1', '--cells', cells, '--out', out);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/Vanilla +Learning rate = 0.05 +\S+ ± \S+ +best/);
    expect(stdout).toMatch(/PILAF +Learning rate = 0.05, α = (0.5|1) +\S+ ± \S+ +best/);
    expect(stdout).toContain('Vanilla is best at the edge of what was tried, Learning rate = 0.05');
    expect(stdout).toContain('6 of 6 cells are done');
    const tuned = JSON.parse(readFileSync(out, 'utf8')) as ExperimentConfig;
    expect(tuned.arms.map(({ name, learningRate }) => [name, learningRate])).toEqual([
      ['Vanilla', 0.05],
      ['PILAF', 0.05],
    ]);
    expect(tunedBy(tuned)).toMatchObject({ seeds: 3, firstSeed: 1000 });

    const again = await tune('--over', 'alpha=0.5,1', '--cells', cells, '--resume', '--out', out);
    expect(again.stdout.split('\n').slice(0, 12)).toEqual(stdout.split('\n').slice(0, 12));

    const results = join(folder, 'results.json');
    const ran = await lab(['run', out, '--backend', 'cpu', '--out', results]);
    expect(ran.stdout).toContain('Tuned: every arm tried Learning rate 0.001, 0.05; α 0.5, 1 on seeds 1000 to 1002');
    expect((JSON.parse(readFileSync(results, 'utf8')) as Results).config).toEqual(tuned);
    const other = await lab(['run', out, '--set', 'beta=0.7', '--backend', 'cpu']);
    expect(other.stdout).toContain('The arms’ values were tuned for other settings than these.');
  });

  it.each([
    [['--over', 'beta=1'], '--over: "beta=1" is not of the form field=value,value with one of learningRate, alpha'],
    [['--over', 'learningRate=1'], 'tuning.over.1.field: learningRate is there twice'],
    [['--over', 'n=0'], 'arms.0.n'],
    [['--first-seed', '1'], 'tuning.firstSeed: seeds 1 to 3 share some with the race'],
    [['--seeds', '0'], '--seeds: "0" is not allowed; give a whole number from 1 to 64'],
    [['--resume'], '--resume needs --cells'],
    [['--cells', '/tmp/one', '--out', '/tmp/one'], '--out: "/tmp/one" is the file of --cells; give another name'],
  ])('refuses %j', async (args, words) => {
    const withN = args[1] === 'n=0' ? ['--set', 'arms.1={"sampler":"best-of-n"}'] : [];
    const { code, stdout, stderr } = await tune(...args, ...withN);
    expect(stderr).toContain(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
