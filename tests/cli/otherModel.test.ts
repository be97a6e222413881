import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configFile, lab, scratchFolder } from './lab';

/** Two files of one size: either fits where the other was. */
const SHIPPED = 'public/checkpoints';
const [FIRST, OTHER] = ['reviews', 'reviews-pilaf'].map((name) => join(SHIPPED, `${name}.safetensors`));

/** A folder with a model of somebody's own. */
function ownModel() {
  const folder = scratchFolder();
  const model = join(folder, 'own.safetensors');
  copyFileSync(FIRST!, model);
  const race = {
    task: { kind: 'reviews', checkpoint: model },
    arms: [{ sampler: 'vanilla' }],
    seeds: 1,
    beta: 0.1,
    learningRate: 0.001,
    schedule: { steps: 2000, pairs: 2 },
    evaluation: { every: 1000, samples: 8 },
  };
  const swap = () => copyFileSync(OTHER!, model);
  const sentence = `the checkpoint "${model}" is another file now than the one that this began with.\n`;
  return { folder, model, race, swap, sentence };
}

describe('a model’s file that is replaced by another', () => {
  it('is refused where a race is to go on', async () => {
    const { folder, race, swap, sentence } = ownModel();
    const save = join(folder, 'state');
    const args = ['run', configFile(race), '--backend', 'cpu', '--save', save, '--save-every', '0.1'];
    const broken = await lab(args, { direct: true, interruptAfter: 2500 });
    expect(broken.code, broken.stderr).toBe(130);
    swap();
    const { code, stdout, stderr } = await lab(['resume', save], { direct: true });
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: `${save}: ${sentence}` });
    expect(existsSync(save), 'nothing is lost').toBe(true);
  });

  it('is refused where a sweep is to go on, and where its shards are merged', async () => {
    const { folder, race, swap, sentence } = ownModel();
    const base = { ...race, schedule: { steps: 1, pairs: 2 } };
    const sweep = configFile({ base, axes: [{ path: 'beta', values: [0.1, 0.2] }] });
    const [first, second] = ['1', '2'].map((name) => join(folder, name)) as [string, string];
    const run = (shard: string, out: string, ...more: readonly string[]) =>
      lab(['sweep', sweep, '--backend', 'cpu', '--jobs', '1', '--shard', shard, '--out', out, ...more], {
        direct: true,
      });
    expect((await run('1/2', first)).code).toBe(0);
    swap();
    const resumed = await run('2/2', first, '--resume');
    expect({ code: resumed.code, stderr: resumed.stderr }).toEqual({
      code: 2,
      stderr: `--resume: ${first}: ${sentence}`,
    });
    expect((await run('2/2', second)).code).toBe(0);
    const merged = await lab(['merge', first, second], { direct: true });
    expect(merged.code).toBe(2);
    expect(merged.stderr).toBe(`${second} cannot be merged with the files before it: ${sentence}`);
  });
});

it.each(['~/models/reviews', './nowhere/reviews', 'nowhere/stories'])(
  'the path %s of no file is no shipped model’s name',
  async (checkpoint) => {
    const { race } = ownModel();
    const config = configFile({ ...race, task: { kind: 'reviews', checkpoint } });
    const { code, stderr } = await lab(['run', config, '--backend', 'cpu'], { direct: true });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^task\.checkpoint: ".+" cannot be used, there is no file .+\.\n$/);
  },
);
