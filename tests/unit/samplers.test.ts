import { SAMPLER_NAMES, type Selection } from '../../src/experiment/samplers/table';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/experiment/config/config';
import { type ArmConfig, type ExperimentConfigInput } from '../../src/experiment/config/schema';
import { armName } from '../../src/experiment/config/names';
import { costOf } from '../../src/experiment/samplers/costs';
import { planSampling } from '../../src/experiment/samplers/plan';
import { selectPair, type Candidate } from '../../src/experiment/samplers/select';
import { resolveSampler, samplerAt, SAMPLERS } from '../../src/experiment/samplers/table';

const BETA = 0.1;

/** An arm with the schema's defaults. */
function arm(input: ExperimentConfigInput['arms'][number]): ArmConfig {
  const parsed = parseConfig({
    task: { kind: 'bandit' },
    arms: [input],
    beta: BETA,
    learningRate: 0.1,
    schedule: { steps: 1, pairs: 1 },
    evaluation: { every: 1 },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value.arms[0]!;
}

/** One draw without a model makes a mixture one of theory, which Table 1 does not price. */
const UNIFORM_MIXTURE = [{ weight: 1, first: 0, second: 'uniform' as const }];

const MIXTURE = [
  { weight: 0.25, first: 0, second: -1 },
  { weight: 0.5, first: -1, second: 0.3 },
  { weight: 0.25, first: 2, second: -2 },
];

describe('costs', () => {
  // arXiv 2502.04270, Table 1; the rows below the line are ours.
  it.each([
    [{ sampler: 'vanilla' }, 2, 2],
    [{ sampler: 'best-of-n', n: 8 }, 8, 2],
    [{ sampler: 'best-of-n-oracle', n: 8 }, 8, 8],
    [{ sampler: 'hybrid' }, 2, 2],
    [{ sampler: 'pilaf' }, 3, 2],
    // At α = 1 its second interpolation is the reference itself, and counts as an interpolation all the same.
    [{ sampler: 'pilaf', alpha: 1 }, 3, 2],
    [{ sampler: 'reference' }, 2, 2],
    [{ sampler: 'dpo-mix-p' }, 4, 2],
    [{ sampler: 'best-of-n', n: 3 }, 3, 2],
    [{ sampler: 'closest-of-n', n: 4 }, 4, 2],
    [{ sampler: 'simplemix' }, 2, 2],
    [{ sampler: 'best-of-n-oracle', n: 5 }, 5, 5],
    [{ sampler: 'custom', mixture: MIXTURE }, 0.25 * 2 + 0.5 * 3 + 0.25 * 4, 2],
    [{ sampler: 'custom', mixture: UNIFORM_MIXTURE }, null, 2],
    [{ sampler: 'uniform' }, null, 2],
    [{ sampler: 't-pilaf' }, null, 2],
    [{ sampler: 'best-design' }, null, 2],
    [{ sampler: 'dpo-mix-r-table' }, null, 2],
  ] as const)('of %o are %s passes and %i responses shown', (input, sampling, annotation) => {
    expect(costOf(arm(structuredClone(input) as never), BETA)).toEqual({ sampling, annotation });
  });

  it('are what runs really spend, on average', () => {
    for (const input of [
      { sampler: 'vanilla' },
      { sampler: 'hybrid' },
      { sampler: 'pilaf' },
      { sampler: 'best-of-n', n: 8 },
      { sampler: 'custom', mixture: MIXTURE },
    ] as const) {
      const one = arm(structuredClone(input) as never);
      const pairs = 4000;
      const { passes } = planSampling(resolveSampler(one, BETA), 7, 3, pairs);
      const { sampling } = costOf(one, BETA);
      // A pair's passes lie between 0 and 4: five standard errors are below 5 · 2/√pairs.
      expect(Math.abs(passes! / pairs - sampling!), input.sampler).toBeLessThan(10 / Math.sqrt(pairs));
    }
    expect(planSampling(resolveSampler(arm({ sampler: 't-pilaf' }), BETA), 7, 3, 10).passes).toBeNull();
  });
});

describe('resolveSampler', () => {
  it('takes α from β unless it is given', () => {
    const coefficients = (alpha?: number) =>
      resolveSampler(arm({ sampler: 'pilaf', ...(alpha === undefined ? {} : { alpha }) }), 0.7).mixture;
    expect(coefficients()).toEqual([
      { weight: 0.5, first: 0, second: 0 },
      { weight: 0.5, first: 0.7, second: -0.7 },
    ]);
    expect(coefficients(0.2)[1]).toEqual({ weight: 0.5, first: 0.2, second: -0.2 });
    // 0 is a value, not an absence.
    expect(coefficients(0)[1]).toEqual({ weight: 0.5, first: 0, second: -0 });
  });

  it('draws N candidates where two of N are shown, and two for all others', () => {
    for (const name of SAMPLER_NAMES) {
      const input = name === 'custom' ? { sampler: name, mixture: MIXTURE, n: 5 } : { sampler: name, n: 5 };
      const { candidates } = resolveSampler(arm(input), BETA);
      expect(candidates, name).toBe(name.includes('-of-n') ? 5 : 2);
    }
    expect(resolveSampler(arm({ sampler: 'best-of-n' }), BETA).candidates).toBe(8);
  });

  it('passes temperature and weighting on', () => {
    expect(resolveSampler(arm({ sampler: 'vanilla', temperature: 0.5 }), BETA).temperature).toBe(0.5);
    expect(resolveSampler(arm({ sampler: 't-pilaf', weighted: true }), BETA).weighted).toBe(true);
    expect(resolveSampler(arm({ sampler: 't-pilaf' }), BETA)).toMatchObject({ temperature: 1, weighted: false });
  });
});

describe('the table', () => {
  it('holds every sampler with its words', () => {
    expect(Object.keys(SAMPLERS).sort()).toEqual([...SAMPLER_NAMES].sort());
    for (const [name, { title, description, source }] of Object.entries(SAMPLERS)) {
      expect(
        [title, description, source].every((text) => text.length > 3),
        name,
      ).toBe(true);
      expect(description.endsWith('.'), name).toBe(true);
    }
    expect(new Set(Object.values(SAMPLERS).map((s) => s.title)).size).toBe(SAMPLER_NAMES.length);
  });

  it('has mixtures whose weights sum to 1', () => {
    for (const name of SAMPLER_NAMES) {
      const input = name === 'custom' ? { sampler: name, mixture: MIXTURE } : { sampler: name };
      const { mixture } = resolveSampler(arm(input), BETA);
      expect(
        mixture.reduce((sum, component) => sum + component.weight, 0),
        name,
      ).toBeCloseTo(1, 15);
    }
  });

  it('knows which samplers need every completion’s probability', () => {
    expect(SAMPLER_NAMES.filter((name) => SAMPLERS[name].exact)).toEqual([
      'uniform',
      't-pilaf',
      'dpo-mix-p-table',
      'dpo-mix-r-table',
      'best-design',
      'implicit-design',
    ]);
  });

  it('gives a custom sampler the mixture of its arm', () => {
    expect(resolveSampler(arm({ sampler: 'custom', mixture: MIXTURE }), BETA).mixture).toEqual(MIXTURE);
  });

  it('says Vanilla where PILAF’s α is 0', () => {
    const { mixture } = resolveSampler(arm({ sampler: 'pilaf', alpha: 0 }), BETA);
    for (const { first, second } of mixture)
      expect([Math.abs(first as number), Math.abs(second as number)]).toEqual([0, 0]);
  });
});

describe('planSampling', () => {
  const plan = (input: ExperimentConfigInput['arms'][number], pairs: number, seed = 1, step = 0) =>
    planSampling(resolveSampler(arm(input), BETA), seed, step, pairs);

  it('lays out a pair’s rows side by side', () => {
    const { coefficients, scales, gates } = plan({ sampler: 'hybrid', temperature: 4 }, 3);
    expect([...coefficients]).toEqual([0, -1, 0, -1, 0, -1]);
    expect([...scales]).toEqual(Array(6).fill(0.25));
    expect(gates.every((gate) => gate === 1)).toBe(true);
  });

  it('draws uniformly by scale 0, at any temperature', () => {
    const { coefficients, scales } = plan({ sampler: 'uniform', temperature: 0.1 }, 2);
    expect([...coefficients]).toEqual([0, 0, 0, 0]);
    expect([...scales]).toEqual([0, 0, 0, 0]);
  });

  it('draws both rows of a pair from one component, each about as often as its weight', () => {
    const pairs = 8000;
    const { coefficients } = plan({ sampler: 'custom', mixture: MIXTURE }, pairs);
    const found = MIXTURE.map(() => 0);
    for (let pair = 0; pair < pairs; pair++) {
      const component = MIXTURE.findIndex(
        ({ first, second }) =>
          Math.fround(first) === coefficients[2 * pair] && Math.fround(second) === coefficients[2 * pair + 1],
      );
      expect(component).toBeGreaterThanOrEqual(0);
      found[component]! += 1;
    }
    // Five standard errors of a share.
    MIXTURE.forEach(({ weight }, i) =>
      expect(Math.abs(found[i]! / pairs - weight)).toBeLessThan(2.5 / Math.sqrt(pairs)),
    );
  });

  it('gives T-PILAF a gate per pair, uniform on (0, 1), where its other component is kept', () => {
    const { coefficients, gates } = plan({ sampler: 't-pilaf' }, 1000);
    expect(gates.every((gate) => gate > 0 && gate < 1)).toBe(true);
    expect(gates.reduce((a, b) => a + b) / 1000).toBeCloseTo(0.5, 1);
    expect([...coefficients.subarray(0, 2)]).toEqual([Math.fround(BETA), Math.fround(-BETA)]);
  });

  it('depends on seed and step, and a pair not on how many there are', () => {
    const base = plan({ sampler: 'pilaf' }, 64).coefficients;
    expect(plan({ sampler: 'pilaf' }, 64).coefficients).toEqual(base);
    expect(plan({ sampler: 'pilaf' }, 16).coefficients).toEqual(base.subarray(0, 32));
    expect(plan({ sampler: 'pilaf' }, 64, 2).coefficients).not.toEqual(base);
    expect(plan({ sampler: 'pilaf' }, 64, 1, 1).coefficients).not.toEqual(base);
  });

  it('shares its draws between arms, so that arms are compared in pairs', () => {
    const near = plan({ sampler: 'pilaf' }, 200).coefficients;
    const far = plan({ sampler: 'pilaf', alpha: 5 * BETA }, 200).coefficients;
    expect(near.map(Math.sign)).toEqual(far.map(Math.sign));
  });
});

describe('a fading α', () => {
  const fading = resolveSampler(arm({ sampler: 'pilaf', alpha: 2, alphaSchedule: 'linear' }), BETA);
  const coefficients = (share: number) => samplerAt(fading, share).mixture.map(({ first, second }) => [first, second]);

  it('falls in a line to 0, and leaves the kinds of pairs as they are', () => {
    expect(coefficients(0)).toEqual([
      [0, 0],
      [2, -2],
    ]);
    expect(coefficients(0.75)[1]).toEqual([0.5, -0.5]);
    const kinds = (share: number) =>
      planSampling(samplerAt(fading, share), 3, 7, 200).coefficients.map((a) => Math.sign(a));
    expect(kinds(0.5)).toEqual(kinds(0));
  });

  it('is only asked for where there is an α, and stays where nobody asks', () => {
    const steady = resolveSampler(arm({ sampler: 'pilaf' }), BETA);
    expect(samplerAt(steady, 0.5)).toBe(steady);
    expect(armName(arm({ sampler: 'pilaf', alphaSchedule: 'linear' }))).toBe('PILAF (α → 0)');
    expect(() => arm({ sampler: 'vanilla', alphaSchedule: 'linear' })).toThrow(
      'belongs to pilaf and t-pilaf; \\"vanilla\\" has no α',
    );
  });
});

describe('selectPair', () => {
  interface Scored extends Candidate {
    readonly reward: number;
  }
  const candidates = (logRatios: number[], rewards: number[] = logRatios): Scored[] =>
    logRatios.map((logRatio, i) => ({ ids: [i], logRatio, reward: rewards[i]! }));
  const taken = (rule: Selection, from: readonly Scored[]) => selectPair(rule, from, ({ reward }) => reward);

  it('takes a pair as drawn', () => {
    expect(taken('pair', candidates([5, 9]))).toEqual([0, 1]);
  });

  it('takes best and worst by the rule’s own score', () => {
    const mixed = candidates([0.1, 3, -2, 1], [7, 0, 1, -4]);
    expect(taken('implicit-extremes', mixed)).toEqual([1, 2]);
    expect(taken('oracle-extremes', mixed)).toEqual([0, 3]);
  });

  it('asks the oracle only where the rule goes by it', () => {
    const asked: number[] = [];
    const ask = ({ ids: [id] }: Candidate) => asked.push(id!);
    selectPair('implicit-extremes', candidates([1, 2, 3]), ask);
    expect(asked).toEqual([]);
    selectPair('oracle-extremes', candidates([1, 2, 3]), ask);
    expect(asked).toEqual([0, 1, 2]);
  });

  it('lets the lowest index win among equals', () => {
    expect(taken('implicit-extremes', candidates([1, 2, 2, 0, 0]))).toEqual([1, 3]);
    expect(taken('oracle-extremes', candidates([1, 0, 1, 0]))).toEqual([0, 1]);
  });

  it('takes the neighbours by implicit reward that lie closest, whatever the order of the draws', () => {
    expect(taken('implicit-closest', candidates([0.1, 3, -2, 2.5]))).toEqual([1, 3]);
    expect(taken('implicit-closest', candidates([2.5, -2, 3, 0.1]))).toEqual([2, 0]);
    // Equals stand by their ids; of equal gaps the one between the best counts.
    expect(taken('implicit-closest', candidates([1, 1, 0, 0]))).toEqual([0, 1]);
    expect(taken('implicit-closest', candidates([0, 0, 1, 1]))).toEqual([2, 3]);
    expect(taken('implicit-closest', candidates([2, 1, 0]))).toEqual([0, 1]);
  });

  it('never takes one completion twice for its closest pair, unless all are one', () => {
    const drawn = (ids: readonly (readonly number[])[], logRatios: readonly number[]): Scored[] =>
      ids.map((own, i) => ({ ids: own, logRatio: logRatios[i]!, reward: 0 }));
    expect(taken('implicit-closest', drawn([[5], [5], [7]], [1, 1, 0]))).toEqual([0, 2]);
    expect(taken('implicit-closest', drawn([[5], [5, 2], [5]], [1, 1, 1]))).toEqual([0, 1]);
    expect(taken('implicit-closest', drawn([[5], [5], [5]], [1, 1, 1]))).toEqual([0, 2]);
  });

  it('shows first and last where all are equal, never one completion twice', () => {
    expect(taken('implicit-extremes', candidates([3, 3, 3, 3]))).toEqual([0, 3]);
    expect(taken('oracle-extremes', candidates([0, 0]))).toEqual([0, 1]);
    expect(taken('implicit-extremes', candidates([NaN, NaN, NaN]))).toEqual([0, 2]);
  });
});
