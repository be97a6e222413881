import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/experiment/config/config';
import { samplersDocument } from '../../src/experiment/samplers/document';
import { findPreset } from '../../src/experiment/presets/presets';
import { reviews } from '../../src/tasks/reviews';
import { lab, scratchFolder } from './lab';

/** That the folder runs is shown by scale/tests. */
describe('lab export trl', () => {
  async function exported(...args: readonly string[]) {
    const folder = join(scratchFolder(), 'taken');
    const ended = await lab(['export', 'trl', ...args, '--out', folder], { direct: true });
    expect(ended.stderr).toBe('');
    return { folder, read: (name: string) => readFileSync(join(folder, name), 'utf8') };
  }

  it('takes an experiment with its model, prompts and oracle', async () => {
    const { folder, read } = await exported('online-dpo', '--set', 'seeds=2');
    expect(readdirSync(folder).sort()).toEqual([
      'README.md',
      'experiment.json',
      'experiment.yaml',
      'model',
      'oracle.json',
      'prompts.json',
      'several-gpus.yaml',
      'slurm.sh',
    ]);
    expect(readdirSync(join(folder, 'model')).sort()).toEqual([
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const config = parseConfig(JSON.parse(read('experiment.json')));
    expect(config).toEqual({ ok: true, value: { ...findPreset('online-dpo')!.config, seeds: 2 } });
    expect(JSON.parse(read('prompts.json'))).toEqual({ training: reviews.prompts, test: reviews.testPrompts });
    expect(read('slurm.sh')).toContain('#SBATCH --array=0-9\n');
    expect(read('README.md')).toContain('5 arms × 2 seeds, 1200 steps of 16 pairs, online');
  });

  it('takes a checkpoint of somebody’s own along, also for the oracle', async () => {
    const llama = resolve('tests/golden/llama');
    const task = JSON.stringify({ kind: 'text', checkpoint: llama });
    const { folder, read } = await exported('online-dpo', '--set', `task=${task}`);
    expect(JSON.parse(read('experiment.json'))).toMatchObject({ task: { checkpoint: llama } });
    expect(JSON.parse(read('oracle.json'))).toMatchObject({ task: { checkpoint: './oracle.safetensors' } });
    const { training, test } = JSON.parse(read('prompts.json')) as { training: number[][]; test: number[][] };
    const line = JSON.stringify([{ prompt: test[0], completion: [5, 2] }]);
    const scored = spawnSync(process.execPath, [resolve('.lab/lab.mjs'), 'score', 'oracle.json'], {
      cwd: folder,
      input: `${line}\n`,
      encoding: 'utf8',
    });
    expect(JSON.parse(scored.stdout)).toEqual([expect.any(Number)]);
    expect(training.length).toBeGreaterThan(0);
    const other = await exported('online-dpo', '--set', 'task.checkpoint=public/checkpoints/reviews.safetensors');
    expect(JSON.parse(other.read('oracle.json'))).toMatchObject({ task: { checkpoint: 'reviews' } });
  });

  it('takes a model of the hub in place of its own', async () => {
    const { folder, read } = await exported('bandit-smaller-beta', '--model', 'some/model');
    expect(existsSync(join(folder, 'model'))).toBe(false);
    expect(read('experiment.yaml')).toMatch(/^model: "some\/model"$/m);
    expect(read('experiment.yaml')).toMatch(/^ {2}model: \S+\/\S+$/m);
  });

  it.each([
    [['bandit-race', '--model', 'x/y'], 'arms.2.sampler: T-PILAF needs every completion'],
    [['online-dpo', '--set', 'loss.kind=ipo'], 'arms.0.loss.kind: "ipo" does not go along; give "dpo" or "hinge"'],
    [['online-dpo', '--set', 'labeller.reader=panel'], 'labeller.reader: "panel" does not go along; give "oracle"'],
    [['bandit-smaller-beta'], 'task.kind: a bandit has no language model to take along'],
    [
      ['online-dpo', '--set', 'start={"kind":"checkpoint","checkpoint":"x"}'],
      'start.kind: "checkpoint" does not go along',
    ],
    [
      ['stories', '--set', 'task.oracles=[{"of":"learnt","model":"./mine.safetensors"}]'],
      'task.oracles.0.model: the reward model "./mine.safetensors" does not go along',
    ],
    [['online-dpo', '--set', 'task.checkpoint=none'], 'task.checkpoint: "none" cannot be used'],
  ])('refuses %j', async (args, sentence) => {
    const folder = join(scratchFolder(), 'taken');
    const { code, stderr } = await lab(['export', 'trl', ...args, '--out', folder], { direct: true });
    expect(stderr).toContain(sentence);
    expect(code).toBe(2);
    expect(existsSync(folder)).toBe(false);
  });

  it('gives the table of samplers that scale/ draws by', () => {
    const own = JSON.parse(readFileSync('scale/pilaf_scale/samplers.json', 'utf8')) as unknown;
    expect(own, 'npm run --silent lab -- samplers --json > scale/pilaf_scale/samplers.json').toEqual(
      JSON.parse(JSON.stringify(samplersDocument())),
    );
  });
});
