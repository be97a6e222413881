import { describe, expect, it } from 'vitest';
import { configFile, lab, run, scratchFile, TINY } from './lab';

describe('lab record', () => {
  it('ships nothing that is out of date: settings and first steps are those of the presets', async () => {
    const { code, stdout, stderr } = await lab(['record', '--check'], { direct: true });
    expect(stderr).toBe('');
    expect(stdout).toContain('bandit-race');
    expect(code).toBe(0);
    // A dozen races begin in it.
  }, 180_000);

  it.each([
    ['no preset', [], /record needs a preset: bandit-race, /],
    ['an unknown preset', ['races'], /there is no preset "races"/],
    ['no results', ['bandit-race'], /record needs --from/],
    ['a file that holds none', ['bandit-race', '--from', configFile(TINY)], /no results of this program/],
  ])('refuses %s', async (_, args, message) => {
    const { code, stderr } = await lab(['record', ...args], { direct: true });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('refuses results of another experiment', async () => {
    const { results } = await run(TINY, '--backend', 'cpu');
    const file = scratchFile(JSON.stringify(results));
    const { code, stderr } = await lab(['record', 'bandit-race', '--from', file], { direct: true });
    expect(code).toBe(2);
    expect(stderr).toContain('the results are of an experiment with other settings');
  });
});
