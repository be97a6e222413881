import { describe, expect, it } from 'vitest';
import { configFile, lab, run, scratchFile, TINY } from './lab';

const show = (...args: string[]) => lab(['show', ...args], { direct: true });

describe('lab show', () => {
  it('prints of a file the table that run has printed, and J at the steps that are asked for', async () => {
    const { results, stdout: said } = await run(TINY, '--backend', 'cpu');
    const { code, stdout, stderr } = await show(scratchFile(JSON.stringify(results)), '--at', '2,10');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const [first] = said.split('\n\n');
    expect(first).toContain('Vanilla');
    expect(stdout.split('\n\n')[0]).toBe(first);
    expect(stdout).toMatch(/^arm +J after 2 +J after 10 +J, last quarter .* J − Vanilla’s /m);
  });

  it('prints a recorded preset', async () => {
    const { code, stdout } = await show('bandit-race');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^PILAF .* 20 /m);
    expect(stdout).toMatch(/^arm +J after 0 .* J after 4000 /m);
  });

  it.each([
    ['nothing', [], /show needs a preset that is recorded, or a file of results/],
    ['a file that is not there', ['nowhere.json'], /nowhere\.json: ENOENT/],
    ['a file that holds no results', [configFile(TINY)], /no results of this program/],
    [
      'a step without an evaluation',
      ['bandit-race', '--at', '7'],
      /--at: "7" is no step with an evaluation; there are 0, /,
    ],
    ['two', ['bandit-race', 'figure-2'], /"figure-2" is too much/],
  ])('refuses %s', async (_, args, message) => {
    const { code, stdout, stderr } = await show(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
