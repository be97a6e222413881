import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { configFile, lab as launch, scratchFile, scratchFolder, TINY, type Ended } from './lab';

const lab = (args: readonly string[]) => launch(args, { direct: true });

/** Exit code 2 and one sentence, with these words in it. */
function expectRefused({ code, stdout, stderr }: Ended, words: readonly string[]): void {
  expect(stderr).toMatch(/^[^\n]+\.\n$/);
  expect(stderr).not.toMatch(/ at .*:\d+:\d+/);
  for (const word of words) expect(stderr).toContain(word);
  expect(stdout).toBe('');
  expect(code).toBe(2);
}

describe('the config', () => {
  /** What is set, and what the sentence must name: field, value, what is allowed. */
  it.each<[string, string[]]>([
    ['beta=0', ['beta: 0', '0.001 to 100']],
    ['beta=-1', ['beta: -1', '0.001 to 100']],
    ['beta=NaN', ['beta: "NaN"', '0.001 to 100']],
    ['beta=1e999', ['beta: Infinity', '0.001 to 100']],
    ['seeds=0', ['seeds: 0', 'whole number from 1 to 64']],
    ['seeds=1.5', ['seeds: 1.5', 'whole number from 1 to 64']],
    ['seeds="4"', ['seeds: "4"', 'whole number from 1 to 64']],
    ['learningRate=null', ['learningRate: null']],
    ['schedule=7', ['schedule: 7', 'steps, pairs']],
    ['arms=[]', ['arms:', '1 to 12']],
    ['arms=[{"sampler":"best-of-n","n":65}]', ['arms.0.n: 65', 'whole number from 2 to 64']],
    ['arms.0.sampler=pilav', ['arms.0.sampler: "pilav"', 'pilaf']],
    ['arms.1.sampler=vanilla', ['arms.1.name', 'Vanilla']],
    ['arms.2={"alpha":1}', ['arms.2.sampler', 'missing']],
    ['task.rewards=[[1,0,2],[0,1]]', ['task.rewards', 'equal shape', 'row 1 has 2 entries']],
    ['task.rewards=[[1,"x"],[0,1]]', ['task.rewards.0.1: "x"', '-1000 to 1000']],
    ['task.kind=chess', ['task', '"bandit" or "reviews"']],
    ['schedule.stepz=3', ['schedule.stepz: unknown field', 'steps']],
    ['__proto__.seeds=3', ['__proto__', 'unknown field']],
    ['constructor.prototype.x=3', ['constructor', 'unknown field']],
    ['seeds.x=3', ['seeds.x', '2']],
    ['arms.9.alpha=1', ['arms.9.alpha', '2 entries']],
    ['arms.first.alpha=1', ['arms.first.alpha', '2 entries']],
    ['a..b=1', ['"a..b"']],
    ['seeds', ['--set', '"seeds"', 'path=value']],
  ])('refuses --set %s', async (set, words) => {
    expectRefused(await lab(['run', configFile(TINY), '--set', set]), words);
  });

  it('refuses unknown fields of a file, whatever their name', async () => {
    const bad = JSON.stringify(TINY).replace('{', '{"__proto__": {"beta": 2}, ');
    expectRefused(await lab(['run', scratchFile(bad)]), ['__proto__: unknown field']);
    expectRefused(await lab(['run', configFile({ ...TINY, constructor: 1 })]), ['constructor: unknown field']);
  });

  it('refuses what is no JSON or no config', async () => {
    const file = scratchFile('{"beta": NaN,\n "seeds": 2}');
    expectRefused(await lab(['run', file]), [file, 'not JSON']);
    expectRefused(await lab(['run', configFile([1, 2])]), ['task: is missing']);
    expectRefused(await lab(['run', configFile({})]), ['task', 'missing']);
  });
});

describe('the command', () => {
  const tiny = configFile(TINY);
  const folder = scratchFolder();
  mkdirSync(join(folder, 'taken'));
  writeFileSync(join(folder, 'file'), '');

  it.each<[string[], string[]]>([
    [
      ['race'],
      [
        '"race"',
        'run, resume, show, presets, samplers, record, claims, pretrain, sweep, merge, tune, optimum, reward, texts, score, unpack, export, theory',
      ],
    ],
    [
      ['constructor'],
      [
        '"constructor"',
        'run, resume, show, presets, samplers, record, claims, pretrain, sweep, merge, tune, optimum, reward, texts, score, unpack, export, theory',
      ],
    ],
    [['run'], ['preset', 'config file']],
    [
      ['run', 'bandit'],
      ['"bandit"', 'bandit-race, online-dpo'],
    ],
    [
      ['run', folder],
      [folder, 'cannot be read'],
    ],
    [['run', tiny, 'more'], ['"more"']],
    [
      ['run', tiny, '--steps', '3'],
      ['--steps', '--set, --backend, --out'],
    ],
    [
      ['run', tiny, '--backend'],
      ['--backend', 'missing'],
    ],
    [
      ['run', tiny, '--backend', 'cuda'],
      ['"cuda"', 'webgpu, wasm-relaxed, wasm, cpu'],
    ],
    [
      ['run', tiny, '--out', join(folder, 'none', 'r.json')],
      ['--out', join(folder, 'none')],
    ],
    [
      ['run', tiny, '--out', join(folder, 'file', 'r.json')],
      ['--out', join(folder, 'file')],
    ],
    [
      ['run', tiny, '--out', join(folder, 'taken')],
      ['--out', join(folder, 'taken')],
    ],
    [
      ['run', tiny, '--out='],
      ['--out', 'empty'],
    ],
    [
      ['presets', 'all'],
      ['"all"', 'bandit-race'],
    ],
    [['pretrain'], ['reviews']],
    [
      ['pretrain', 'poems'],
      ['reviews', '"poems"'],
    ],
    [['pretrain', 'text'], ['one file']],
    [
      ['pretrain', 'text', join(folder, 'none.txt')],
      ['there is no file', 'none.txt'],
    ],
    [['pretrain', 'text', scratchFile('Once upon a time.', '.txt')], ['the text has 4 words; give at least 500']],
    [['pretrain', 'text', scratchFile(new Uint8Array([255, 216, 255]), '.txt')], ['is no text: it is not in UTF-8']],
    [
      ['pretrain', 'text', scratchFile('a '.repeat(600), '.txt'), '--width', '20'],
      ['--width: 20', 'multiple of 16'],
    ],
    [
      ['pretrain', 'reviews', '--steps', '0'],
      ['--steps: "0"', '1 to 1000000'],
    ],
    [
      ['pretrain', 'reviews', '--seed', 'x'],
      ['--seed: "x"', '0 to 4294967295'],
    ],
    [
      ['pretrain', 'reviews', '--width', '40'],
      ['--width: 40', 'multiple of 16'],
    ],
    [
      ['pretrain', 'reviews', '--out', join(folder, 'file', 'x')],
      ['--out', join(folder, 'file', 'x')],
    ],
  ])('refuses lab %j', async (args, words) => {
    expectRefused(await lab(args), words);
  });

  it('keeps its exit code behind the launcher', async () => {
    expectRefused(await launch(['race']), ['"race"']);
  });

  it.each([[[]], [['--help']], [['run', '--help']]])('explains itself with %j', async (args) => {
    const { code, stdout, stderr } = await lab(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain("npm run lab -- run <preset, config.json or '#v1…'>");
  });
});

describe('the checkpoint', () => {
  const folder = scratchFolder();
  let good: Buffer;
  beforeAll(async () => {
    const { code, stderr } = await lab(['pretrain', 'reviews', '--steps', '1', '--out', folder]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    good = readFileSync(join(folder, 'reviews.safetensors'));
  }, 60_000);

  const reviews = {
    ...TINY,
    task: { kind: 'reviews' },
    schedule: { steps: 1, pairs: 1 },
    evaluation: { every: 1, samples: 2 },
  };
  const runWith = (checkpoint: string, ...args: string[]) =>
    lab(['run', configFile({ ...reviews, task: { kind: 'reviews', checkpoint } }), '--backend', 'wasm', ...args]);
  const runWithBytes = (bytes: Uint8Array) => runWith(scratchFile(bytes, '.safetensors'));

  it('is read where it is whole', async () => {
    const { code, stdout, stderr } = await runWith(join(folder, 'reviews.safetensors'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain('J* − J');
  });

  it('is refused where it is missing', async () => {
    expectRefused(await runWith('novels'), ['task.checkpoint: "novels"', 'novels.safetensors']);
    expectRefused(await runWith('/none/x.safetensors'), ['task.checkpoint', '/none/x.safetensors']);
    expectRefused(await runWith('../../x'), ['task.checkpoint: "../../x"']);
  });

  it('is refused where it is broken', async () => {
    const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919 + (i >> 3) * 31) % 251);
    expectRefused(await runWithBytes(noise), ['not safetensors']);
    expectRefused(await runWithBytes(new Uint8Array(0)), ['too short']);
    expectRefused(await runWithBytes(good.subarray(0, good.length - 1000)), ['does not lie within the file']);
    const infinite = Uint8Array.from(good);
    infinite.set([0, 0, 0xc0, 0x7f], infinite.length - 4);
    expectRefused(await runWithBytes(infinite), ['not finite']);
  });

  it('is refused where it is foreign', async () => {
    const header = JSON.stringify({ w: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }).padEnd(64);
    const foreign = Buffer.concat([Buffer.from([64, 0, 0, 0, 0, 0, 0, 0]), Buffer.from(header), Buffer.alloc(4)]);
    expectRefused(await runWithBytes(foreign), ['not a checkpoint of this program']);
    const reworded = Buffer.from(good.toString('latin1').replace(' waiter ', ' wetter '), 'latin1');
    expectRefused(await runWithBytes(reworded), ['another vocabulary']);
  });

  it('does not run samplers that need every completion', async () => {
    const ended = await runWith(join(folder, 'reviews.safetensors'), '--set', 'arms.0.sampler=t-pilaf');
    expectRefused(ended, ['arms.0.sampler', '"t-pilaf"', 'bandit']);
  });
});
