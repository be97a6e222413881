import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compression } from '../../src/cli/compression';
import { commandLine } from '../../src/experiment/config/commandLine';
import { parseConfig } from '../../src/experiment/config/config';
import { permalinkOf } from '../../src/experiment/config/permalink';
import { PRESETS } from '../../src/experiment/presets/presets';
import type { Results } from '../../src/experiment/documents/results';
import type { ExperimentConfig } from '../../src/experiment/config/schema';
import { lab, run, scratchFile, TINY } from './lab';

const parsed = parseConfig({ ...TINY, arms: [{ sampler: 'vanilla', name: "it's $HOME" }, { sampler: 'pilaf' }] });
if (!parsed.ok) throw new Error('not a config');
const { value: config } = parsed;
const link = await permalinkOf(config, compression);
const badValue = await permalinkOf({ ...config, beta: -1 }, compression);

/** The line that the page copies, in a shell, with the runner itself in npm's place. */
function inShell(config: ExperimentConfig, link: string, more: string): Results {
  const out = scratchFile('');
  const line = commandLine(config, link).replace(/^npm run lab --/, 'node .lab/lab.mjs');
  execFileSync('sh', ['-c', `${line} ${more} --backend cpu --out ${out}`]);
  return JSON.parse(readFileSync(out, 'utf8')) as Results;
}

describe('a link as the source', () => {
  it('runs as the file does, with an address in front and changes behind', async () => {
    const out = scratchFile('');
    const address = `https://example.org/lab/?a=b${link}`;
    const ended = await lab(['run', address, '--set', 'seeds=1', '--backend', 'cpu', '--out', out], { direct: true });
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: '' });
    const results = JSON.parse(readFileSync(out, 'utf8')) as Results;
    const { results: expected } = await run({ ...config, seeds: 1 }, '--backend', 'cpu');
    expect(results.config).toEqual(expected.config);
    expect(results.runs.map(({ hash }) => hash)).toEqual(expected.runs.map(({ hash }) => hash));
  });

  it('runs from the line that the page copies', () => {
    expect(inShell(config, link, '').config).toEqual(config);
    const preset = PRESETS[0]!.config;
    const near = { ...preset, seeds: 1, arms: [{ ...preset.arms[0]!, name: `"it's" $(id) \\` }] };
    const less = '--set schedule.steps=2';
    expect(inShell(near, link.padEnd(600), less).config).toEqual({
      ...near,
      schedule: { ...near.schedule, steps: 2 },
    });
  });

  it.each([
    [link.slice(0, -9), 'link: is damaged'],
    ['https://example.org/#v7.AAAA', 'link: is of version 7, which is newer than this program'],
    ['#race', 'link: does not begin with #v1.'],
    ['https://example.org/lab/', '"https://example.org/lab/" is neither a preset'],
    [badValue, 'beta: -1 is not allowed; give a number from 0.001'],
  ])('refuses %.40s', async (source, words) => {
    const { code, stdout, stderr } = await lab(['run', source], { direct: true });
    expect(stderr).toMatch(/^[^\n]+\.\n$/);
    expect(stderr).toContain(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
