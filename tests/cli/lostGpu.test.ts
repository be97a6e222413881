import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Results } from '../../src/experiment/documents/results';
import type { CellLine } from '../../src/experiment/documents/sweepResults';
import { agreeingLabels } from '../support/agreeingLabels';
import { configFile, lab, run, scratchFile, scratchFolder, TINY, type Ended } from './lab';

/** GPUs that go away, hang, refuse memory or compute wrong numbers, for real; see tests/support/spoilGpu.mjs. */

const RACE = { ...TINY, schedule: { steps: 60, pairs: 4 }, evaluation: { every: 20 } };

// A busy machine has many a process to start here.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const folder = scratchFolder();
let files = 0;
const newFile = (): string => join(folder, String(files++));

/** The environment of a program whose GPU misbehaves, in its first process alone or in all. */
const spoilt = (where: 'first' | 'all', fault: string, more: Readonly<Record<string, string>>) => ({
  NODE_OPTIONS: `--import=${import.meta.dirname}/../support/spoilGpu.mjs`,
  SPOIL: fault,
  ...(where === 'first' ? { SPOIL_FIRST: newFile() } : {}),
  ...more,
});

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Results;

interface Spoilt extends Ended {
  readonly save: string;
  readonly out: string;
}

/** A race whose GPU misbehaves soon after the first state is stored. */
async function spoiltRace(
  where: 'first' | 'all',
  fault: string,
  more: Readonly<Record<string, string>> = {},
  race: unknown = RACE,
): Promise<Spoilt> {
  const [save, out] = [newFile(), newFile()];
  const args = ['run', configFile(race), '--backend', 'webgpu', '--save', save, '--save-every', '0.2', '--out', out];
  const environment = spoilt(where, fault, { SPOIL_AFTER: save, ...more });
  return { ...(await lab(args, { environment })), save, out };
}

/** The command that the runner has said goes on works, and ends as a race that was never on the GPU. */
async function expectGoesOnOnWasm({ code, stderr, save, out }: Spoilt, race: unknown = RACE): Promise<void> {
  expect(code, stderr).toBe(1);
  expect(existsSync(out), 'no curve is left').toBe(false);
  const said = /npm run lab -- (resume .+) goes on without it\.\n$/.exec(stderr);
  expect(said?.[1], stderr).toBe(`resume ${save} --backend wasm --out ${out}`);
  const resumed = await lab(said![1]!.split(' '));
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(resumed.stdout).toMatch(/It ran to step \d+ on webgpu \(.+\), and then went on elsewhere/);
  const { backend, earlier, runs } = read(out);
  expect(backend.name).toBe('wasm');
  expect(earlier).toMatchObject([{ backend: { name: 'webgpu' } }]);
  const right = (await run(race, '--backend', 'wasm')).results.runs;
  for (const [r, { evaluations }] of runs.entries()) {
    expect(evaluations.map(({ step }) => step)).toEqual(right[r]!.evaluations.map(({ step }) => step));
    for (const [e, { reward, kl }] of evaluations.entries()) {
      expect(reward).toBeCloseTo(right[r]!.evaluations[e]!.reward, 3);
      expect(kl).toBeCloseTo(right[r]!.evaluations[e]!.kl, 3);
    }
  }
}

describe('lab run on a GPU that fails once', () => {
  let unbroken: Results['runs'];
  beforeAll(async () => {
    unbroken = (await run(RACE, '--backend', 'webgpu')).results.runs;
  });

  it.each([
    ['lost', /^The GPU stopped working: .* The run goes on from step \d+ in another process\.$/m],
    ['hangs', /^The GPU stopped working: an answer of the GPU did not come within 120 seconds\. The run goes on/m],
    ['refuses memory', /^The GPU stopped working: .*(memory|size).* The run goes on from step \d+ in another/m],
  ])('%s: goes on in another process, to the hashes of an unbroken run', async (fault, sentence) => {
    const { code, stderr, out, save } = await spoiltRace('first', fault);
    expect(stderr).toMatch(sentence);
    expect(code, stderr).toBe(0);
    expect(read(out).runs).toEqual(unbroken);
    expect(read(out).earlier).toBeUndefined();
    expect(existsSync(save), 'nothing is left to go on with').toBe(false);
  });
});

describe('lab run where no other GPU can be had', () => {
  it.each([
    ['lost', 'no device', 'the driver gives no device'],
    ['hangs', 'no adapter answers', 'its adapter did not come within 20 seconds'],
    ['refuses memory', 'refuses memory', 'memory'],
  ])('%s, then %s: says how to go on, and the results say where they ran', async (fault, then, sentence) => {
    const ended = await spoiltRace('first', fault, { SPOIL_REST: then });
    expect(ended.stderr).toMatch(/^The GPU stopped working: .* The run goes on from step \d+ in another process\.$/m);
    expect(ended.stderr).toContain(sentence);
    await expectGoesOnOnWasm(ended);
  });
});

/** Launches of more workgroups than the quick check has. */
const WIDE = { ...RACE, schedule: { steps: 40, pairs: 256 }, evaluation: { every: 10 } };

describe('lab run on a GPU that is right in the self-test and wrong later', () => {
  it.each([
    ['drops launches', RACE],
    ['drops large launches', WIDE],
    ['NaN', RACE],
  ])('%s: ends with a sentence, and its state is one from before', async (fault, race) => {
    const ended = await spoiltRace('all', fault, {}, race);
    expect(ended.stderr).toMatch(
      /^The GPU(, which was right before,)? computes wrong numbers (now|at this experiment)/,
    );
    await expectGoesOnOnWasm(ended, race);
  });

  it('says that nothing is saved, and what begins again', async () => {
    const args = ['run', configFile(RACE), '--backend', 'webgpu'];
    const { code, stdout, stderr } = await lab(args, { environment: spoilt('all', 'NaN', { SPOIL_AT: '60' }) });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^The GPU .*computes wrong numbers .* Nothing of the run is saved; with --save it could be gone on with\. The same command with --backend wasm begins it again without the GPU\.\n$/,
    );
  });

  it('writes the last state that it has, where nobody has asked for it', async () => {
    const [race, out] = [{ ...RACE, schedule: { steps: 600, pairs: 4 } }, newFile()];
    const args = ['run', configFile(race), '--backend', 'webgpu', '--save-every', '0.2', '--out', out];
    const ended = await lab(args, { environment: spoilt('all', 'NaN', { SPOIL_AT: '250' }) });
    const [, save] = /resume (\S+\.state) /.exec(ended.stderr) ?? [];
    expect(save, ended.stderr).toMatch(out);
    await expectGoesOnOnWasm({ ...ended, save: save!, out }, race);
    expect(existsSync(save!), 'the results are there').toBe(false);
  });

  it('says so of the GPU that another process found, too', async () => {
    const out = newFile();
    const args = ['run', configFile(RACE), '--backend', 'webgpu', '--out', out];
    const more = { SPOIL_AT: '60', SPOIL_REST: 'drops launches', SPOIL_REST_AT: '60' };
    const { code, stderr } = await lab(args, { environment: spoilt('first', 'lost', more) });
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/The run begins again in another process\.\nThe GPU.* computes wrong numbers/);
    expect(existsSync(out)).toBe(false);
  });
});

it('lab run --pairs says what happened to the GPU, and what begins again', async () => {
  const args = ['run', configFile(RACE), '--backend', 'webgpu', '--pairs', newFile()];
  const { code, stderr } = await lab(args, { environment: spoilt('all', 'hangs', { SPOIL_AT: '60' }) });
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^The GPU stopped working: an answer of the GPU did not come within 120 seconds\. Nothing of the run is saved; with --save .*--backend wasm begins it again without the GPU\.\n$/,
  );
});

it('lab run --labels says how to go on with the labels', async () => {
  const race = { ...RACE, seeds: 1 };
  const [pairs, save, out] = [newFile(), newFile(), newFile()];
  await run(race, '--backend', 'wasm', '--pairs', pairs);
  const labels = scratchFile(agreeingLabels(pairs).join('\n'), '.jsonl');
  const person = configFile({ ...race, labeller: { reader: 'person' } });
  const ended = await lab(
    ['run', person, '--labels', labels, '--backend', 'webgpu', '--save', save, '--save-every', '0.2'],
    { environment: spoilt('all', 'lost', { SPOIL_AFTER: save }) },
  );
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/^The GPU stopped working: [^\n]*\n$/);
  expect(ended.stderr).toContain(`npm run lab -- resume ${save} --backend wasm --labels ${labels} goes on without it.`);
  const resumed = await lab(['resume', save, '--backend', 'wasm', '--labels', labels, '--out', out]);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(read(out).runs.map(({ status }) => status)).toEqual(['complete', 'complete']);
});

describe('an adapter request that never answers', () => {
  const environment = spoilt('all', 'no adapter answers', {});

  it('ends a run that asks for the GPU, and says what does without', async () => {
    const { code, stdout, stderr } = await lab(['run', configFile(TINY), '--backend', 'webgpu'], { environment });
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'WebGPU was passed over: its adapter did not come within 20 seconds. The same command with --backend wasm does without the GPU.\n',
    });
    expect(await lab(['run', configFile(TINY), '--backend', 'wasm'], { environment })).toMatchObject({ code: 0 });
  });

  it('makes any other run go on elsewhere by itself, which the summary says', async () => {
    const { code, stdout } = await lab(['run', configFile(TINY)], { environment });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Ran on wasm/m);
    expect(stdout).toContain('WebGPU was passed over: its adapter did not come within 20 seconds.');
  });

  it('ends a sweep that asks for the GPU, and says what does without', async () => {
    const sweep = configFile({ base: TINY, axes: [{ path: 'beta', values: [1, 2] }] });
    const { code, stderr } = await lab(['sweep', sweep, '--backend', 'webgpu'], { environment });
    expect(code).toBe(1);
    expect(stderr).toMatch(/its adapter did not come within 20 seconds\. The same command with --backend wasm does/);
  });
});

describe('lab sweep on a GPU that fails in its second cell', () => {
  const sweep = configFile({ base: RACE, axes: [{ path: 'beta', values: [1, 2] }] });
  // A process submits about 20 times before its first cell, and as often as there are steps in one.
  const inSecond = { SPOIL_AT: '120' };
  const cells = (path: string) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .slice(1, -1)
      .map((line) => ({ ...(JSON.parse(line) as CellLine), seconds: 0 }));
  const sweepTo = (out: string, environment: Readonly<Record<string, string>>, ...more: readonly string[]) =>
    lab(['sweep', sweep, '--backend', 'webgpu', '--out', out, ...more], { environment });
  let unbroken: CellLine[];
  beforeAll(async () => {
    const out = newFile();
    await sweepTo(out, {});
    unbroken = cells(out);
    expect(unbroken).toHaveLength(2);
  });

  it.each(['lost', 'hangs'])('%s: runs it again in another process, to the same cells', async (fault) => {
    const [out, first] = [newFile(), newFile()];
    const { code, stderr } = await sweepTo(out, { ...spoilt('all', fault, inSecond), SPOIL_FIRST: first });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(existsSync(first), 'a GPU was spoilt').toBe(true);
    expect(cells(out)).toEqual(unbroken);
  });

  it.each(['drops launches', 'NaN'])(
    '%s: names the cell, keeps the other, and goes on with --resume',
    async (fault) => {
      const out = newFile();
      const { code, stderr } = await sweepTo(out, spoilt('all', fault, inSecond));
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^cell 1 .*: The GPU.* computes wrong numbers .* 1 of 2 cells are done, and in .*; the same command with --resume goes on\. With --backend wasm and a file of its own the sweep does without the GPU\.\n$/,
      );
      expect(cells(out)).toEqual(unbroken.slice(0, 1));
      const resumed = await sweepTo(out, {}, '--resume');
      expect(resumed.code, resumed.stderr).toBe(0);
      expect(cells(out)).toEqual(unbroken);
    },
  );
});
