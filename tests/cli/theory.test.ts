import { describe, expect, it } from 'vitest';
import { configFile, lab, TINY } from './lab';

interface Document {
  readonly format: string;
  readonly version: number;
  readonly arms: readonly {
    readonly arm: string;
    readonly alignment: readonly { readonly at: number; readonly cosine: number | null }[];
    readonly constant: number | null;
    readonly efficiency: number | null;
  }[];
  readonly best: { readonly constant: number | null };
}

/** Two responses: all pairs that tell anything are one, so everything is known by hand. */
const TWO = {
  ...TINY,
  task: { kind: 'bandit', referenceLogits: [[0, 0]], rewards: [[1, 0]] },
  arms: [{ sampler: 'vanilla' }, { sampler: 'uniform' }, { sampler: 't-pilaf', weighted: true }],
};

const theory = async (...args: string[]): Promise<Document> => {
  const { stdout, stderr, code } = await lab(['theory', ...args, '--json'], { direct: true });
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  return JSON.parse(stdout) as Document;
};

describe('lab theory', () => {
  it('prints what is known by hand', async () => {
    const found = await theory(configFile(TWO), '--at', '0,1');
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const [p, q] = [sigmoid(1), sigmoid(-1)];
    // I = μ·σ'(1) with μ the chance of two different answers; c = ½·p·q/I.
    const constant = (mu: number) => (0.5 * p * q) / (mu * p * q);
    expect(found).toMatchObject({ format: 'pilaf-lab/theory', version: 1 });
    expect(Object.keys(found)).toEqual(['format', 'version', 'arms', 'best']);
    expect(found.arms.map(({ arm }) => arm)).toEqual(['Vanilla', 'Uniform', 'T-PILAF (weighted)']);
    expect(found.arms[0]!.constant).toBeCloseTo(constant(2 * p * q), 9);
    expect(found.arms[1]!.constant).toBeCloseTo(constant(0.5), 9);
    expect(found.best.constant).toBeCloseTo(constant(1), 9);
    expect(found.arms[1]!.efficiency).toBeCloseTo(0.5, 9);
    for (const { alignment } of found.arms) {
      expect(alignment.map(({ at }) => at)).toEqual([0, 1]);
      for (const { cosine } of alignment) expect(cosine).toBeCloseTo(1, 12);
    }
  });

  it('takes presets, in a few seconds', async () => {
    const found = await theory('bandit-race', '--set', 'seeds=2', '--at', '0.5');
    expect(found.arms.map(({ arm }) => arm)).toEqual(['Vanilla', 'PILAF', 'T-PILAF', 'Hybrid', 'Uniform']);
    const [vanilla, pilaf, tPilaf, hybrid] = found.arms.map(({ efficiency }) => efficiency!);
    expect(vanilla).toBeLessThan(0.05);
    expect(pilaf).toBeLessThan(tPilaf! * 1.2);
    expect(hybrid).toBeGreaterThan(tPilaf!);
    expect(hybrid).toBeLessThan(1);
  });

  it('prints tables for people', async () => {
    const { stdout } = await lab(['theory', configFile(TWO)], { direct: true });
    expect(stdout).toMatch(/^Exact theory\./);
    expect(stdout).toMatch(/arm +cos at 0 +cos at 0\.25 +cos at 0\.5 +cos at 0\.75 +cos at 1 +c +efficiency/);
    expect(stdout).toMatch(/Uniform( +1\.0000){5} +1 +50\.0%/);
  });

  it.each([
    [['theory'], /^theory needs the name of a preset, a config file or a link\.\n$/],
    [['theory', 'bandit-race', 'more'], /"more" is too much/],
    [['theory', 'online-dpo'], /^task\.kind: the theory does not cover "reviews"; give "bandit"/],
    [
      ['theory', 'bandit-race', '--set', 'labeller.flip=0.2'],
      /^labeller\.flip: the theory does not cover 0\.2; give 0/,
    ],
    [['theory', 'bandit-race', '--at', '0,x'], /^--at: "0,x" is not allowed; give at most 100 numbers from 0/],
    [['theory', 'bandit-race', '--at', ''], /^--at: "" is not allowed/],
    [['theory', 'bandit-race', '--steps', '3'], /^unknown option --steps; theory takes --set, --at, --json/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr, stdout } = await lab(args, { direct: true });
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
