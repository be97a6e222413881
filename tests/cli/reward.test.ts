import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Results } from '../../src/experiment/documents/results';
import prompts from '../../src/tasks/text/prompts.json';
import { configFile, lab, scratchFile, scratchFolder } from './lab';

const folder = scratchFolder();
const text = scratchFile(Array.from({ length: 4 }, () => prompts.training.join('\n')).join('\n'), '.txt');
const stem = (path: string): string => /([^/\\]+)[.][^.]*$/.exec(path)![1]!;
const policy = join(folder, `${stem(text)}.safetensors`);
const reward = join(folder, 'reward.safetensors');

const race = (task: object) =>
  configFile({
    task: { kind: 'text', checkpoint: policy, oracle: 'sum', ...task },
    arms: [{ sampler: 'vanilla' }],
    seeds: 1,
    beta: 0.1,
    learningRate: 0.001,
    schedule: { steps: 2, pairs: 2 },
    evaluation: { every: 1, samples: 4 },
  });

const small = ['--epochs', '1', '--width', '16', '--layers', '1'];

describe('a policy of one’s own text, and a reward learnt for it', () => {
  beforeAll(async () => {
    const sizes = ['--tokens', '120', '--width', '16', '--layers', '1'];
    const made = await lab(['pretrain', 'text', text, '--steps', '3', ...sizes, '--out', folder]);
    expect({ code: made.code, stderr: made.stderr }).toEqual({ code: 0, stderr: '' });
  }, 60_000);

  it('learns an oracle’s labels, says how well, and is an oracle that a race trains on', async () => {
    const config = race({ oracles: [{ of: 'ending' }] });
    const oracle = `task.oracles=[{"of":"length","words":1,"weight":20}]`;
    const { code, stdout, stderr } = await lab([
      ...['reward', config, '--set', oracle, '--pairs', '200', ...small, '--out', reward],
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Comparisons learnt from: 180$/m);
    expect(stdout).toMatch(/^Agrees with labels that it has not seen: \d+[.]\d% of 20$/m);
    const card = readFileSync(reward.replace('.safetensors', '.card.md'), 'utf8');
    expect(card).toContain('| Orders their texts as the oracle does |');
    // As a shell takes it.
    expect(card).toContain(`reward ${config} --set '${oracle}' --pairs 200`);

    const truth = [{ of: 'length', words: 1, weight: 20 }];
    const out = join(folder, 'results.json');
    const learnt = race({ oracles: [{ of: 'learnt', model: reward }], truth });
    const ran = await lab(['run', learnt, '--backend', 'wasm', '--out', out]);
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
    const { runs } = JSON.parse(readFileSync(out, 'utf8')) as Results;
    for (const { reward: found, trueReward } of runs[0]!.evaluations) {
      expect(trueReward).toBeLessThan(0);
      expect(found).not.toBe(trueReward);
    }
  }, 60_000);

  it('prints what a policy writes, the same for the same seed', async () => {
    const config = race({ oracles: [{ of: 'ending' }] });
    const print = (...more: string[]) => lab(['texts', config, '--count', '5', ...more]);
    const [one, two, other] = [await print(), await print(), await print('--seed', '1')];
    expect({ code: one.code, stderr: one.stderr }).toEqual({ code: 0, stderr: '' });
    expect(one.stdout).toMatch(/^(- [*]{2}.+[*]{2}.* \(-?\d[.]\d{2}\)\n){5}$/);
    expect(two.stdout).toBe(one.stdout);
    expect(other.stdout).not.toBe(one.stdout);
  });

  it('learns a person’s labels', async () => {
    const lines = Array.from({ length: 30 }, (_, pair) => ({
      prompt: 'Once upon a time,',
      chosen: `there was a happy dog number ${pair}.`,
      rejected: `nothing was there ${pair}`,
      arm: 'Vanilla',
      seed: 0,
      step: 0,
      pair,
    }));
    const labels = scratchFile(lines.map((line) => JSON.stringify(line)).join('\n'), '.jsonl');
    const config = race({});
    const args = ['reward', config, '--labels', labels, ...small, '--out', join(folder, 'votes.safetensors')];
    const { code, stdout, stderr } = await lab(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Comparisons learnt from: 27$/m);
    expect(stdout).not.toContain('oracle agrees');
  }, 60_000);

  it.each<[string, string[], string[]]>([
    ['another task', ['bandit-race', '--out', reward], ['task.kind: "bandit"', '"text"']],
    ['no file to write', ['bandit-race'], ['reward models']],
    ['too few pairs', [race({}), '--pairs', '3', '--out', reward], ['--pairs: "3"', '20 to 1000000']],
    ['an uneven width', [race({}), '--width', '20', '--out', reward], ['--width: 20', 'multiple of 16']],
    ['a name without its ending', [race({}), '--out', join(folder, 'x')], ['--out', '.safetensors']],
  ])('refuses %s', async (_, args, words) => {
    const { code, stderr } = await lab(['reward', ...args], { direct: true });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^[^\n]+[.]\n$/);
    for (const word of words) expect(stderr).toContain(word);
  });

  it('names a reward model that is none', async () => {
    const config = race({ oracles: [{ of: 'variety' }, { of: 'learnt', model: policy }] });
    const { code, stderr } = await lab(['run', config, '--backend', 'wasm']);
    expect(code).toBe(2);
    expect(stderr).toContain('task.oracles.1.model');
    expect(stderr).toContain('no reward model: lab reward writes one');
  });
});
