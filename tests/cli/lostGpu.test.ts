import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Results } from '../../src/experiment/documents/results';
import { configFile, lab, run, scratchFile, TINY } from './lab';

/** A device that is destroyed in the middle, for real; see tests/support/loseGpu.mjs. */

const RACE = { ...TINY, schedule: { steps: 300, pairs: 4 }, evaluation: { every: 50 } };

const losing = (more: Readonly<Record<string, string>> = {}) => ({
  NODE_OPTIONS: `--import=${import.meta.dirname}/../support/loseGpu.mjs`,
  // The tests before the first step submit 15 times; then a step does once.
  LOSE_AT: '200',
  ...more,
});

const readResults = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Results;

describe('lab run on a GPU that goes away', () => {
  it('goes on in another process, to the hashes of an unbroken run', async () => {
    const out = scratchFile('');
    const args = ['run', configFile(RACE), '--backend', 'webgpu', '--save', scratchFile(''), '--save-every', '0.2'];
    const { code, stderr } = await lab([...args, '--out', out], { environment: losing() });
    expect(stderr).toMatch(/The GPU stopped working: .* The run goes on from step \d+ in another process\./);
    expect(code, stderr).toBe(0);
    const { runs, earlier } = readResults(out);
    expect(runs).toEqual((await run(RACE, '--backend', 'webgpu')).results.runs);
    expect(earlier).toBeUndefined();
  });

  it('says how to go on without one where there is no other, and the results say where they ran', async () => {
    const [out, save] = [scratchFile(''), scratchFile('')];
    const args = ['run', configFile(RACE), '--backend', 'webgpu', '--save', save, '--save-every', '0.2'];
    const lost = await lab([...args, '--out', out], { environment: losing({ LOSE_GPU: 'all' }) });
    expect(lost.code).toBe(1);
    expect(lost.stderr).toContain(`npm run lab -- resume ${save} --backend wasm goes on without it.`);
    const { code, stdout } = await lab(['resume', save, '--backend', 'wasm', '--out', out]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/It ran to step \d+ on webgpu \(.+\), and then went on elsewhere/);
    const { backend, earlier } = readResults(out);
    expect(backend.name).toBe('wasm');
    expect(earlier).toMatchObject([{ backend: { name: 'webgpu' } }]);
  });
});
