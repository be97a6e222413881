import { describe, expect, it } from 'vitest';
import { judge } from '../../src/analysis/verdict';
import type { Claim } from '../../src/experiment/claims';
import { armName, parseConfig } from '../../src/experiment/config';
import { appendEvaluation, createHistory, type RaceHistory } from '../../src/experiment/history';
import type { Evaluation } from '../../src/experiment/metrics';
import { PRESETS } from '../../src/experiment/presets';

/** Vanilla and PILAF, with the first and the last value of a metric for each of their seeds. */
function race(values: readonly (readonly (readonly [first: number, last: number])[])[]): RaceHistory {
  const seeds = values[0]!.length;
  const parsed = parseConfig({
    task: { kind: 'bandit' },
    arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
    seeds,
    beta: 1,
    learningRate: 0.01,
    schedule: { steps: 10, pairs: 4 },
    evaluation: { every: 10 },
  });
  if (!parsed.ok) throw new Error('no config');
  const { config } = parsed;
  const runs = config.arms.flatMap((arm) =>
    Array.from({ length: seeds }, (_, seed) => ({ arm: armName(arm), seed, optimum: null })),
  );
  const history = createHistory(config, { runs, optimum: null, frontier: null });
  values.forEach((ofArm, arm) =>
    ofArm.forEach((ends, seed) =>
      ends.forEach((x, i) => {
        const evaluation = { step: 10 * i, reward: x, kl: x, objective: x, labels: 40 * i, samplingCost: x };
        appendEvaluation(history, arm * seeds + seed, evaluation as Evaluation);
      }),
    ),
  );
  return history;
}

const verdictOf = (history: RaceHistory, claim: Claim) => judge(history, [claim])[0]!;
const above: Claim = { kind: 'above', metric: 'reward', arm: 'PILAF', than: 'Vanilla' };

describe('judge', () => {
  it.each([
    ['agrees', [1, 1.1, 0.9]],
    ['disagrees', [-1, -1.1, -0.9]],
    ['undecided', [1, -1, 0.5]],
  ] as const)('%s by the paired interval', (verdict, differences) => {
    const vanilla = [5, 50, -7].map((x): [number, number] => [0, x]);
    const pilaf = vanilla.map(([, x], i): [number, number] => [0, x + differences[i]!]);
    expect(verdictOf(race([vanilla, pilaf]), above)).toMatchObject({ verdict, seeds: 3 });
  });

  it('decides nothing from one seed, nor about an arm that did not race', () => {
    const history = race([[[0, 1]], [[0, 9]]]);
    expect(verdictOf(history, above).verdict).toBe('undecided');
    expect(verdictOf(history, { ...above, than: 'Hybrid' })).toMatchObject({ verdict: 'undecided', evidence: '–' });
  });

  it('compares an arm’s end with its start', () => {
    const rises: Claim = { kind: 'rises', metric: 'kl', arm: 'PILAF' };
    const still: [number, number][] = [[0, 0], [1, 1], [2, 2]]; // prettier-ignore
    const up: [number, number][] = [[0, 1], [1, 2.1], [2, 2.9]]; // prettier-ignore
    expect(verdictOf(race([still, up]), rises)).toMatchObject({ verdict: 'agrees', evidence: '+1.00 ± 0.25' });
    expect(verdictOf(race([up, still]), rises).verdict).toBe('undecided');
  });

  it('holds what was counted against a price', () => {
    const costs: Claim = { kind: 'costs', arm: 'PILAF', spending: 'samplingCost', perPair: 3 };
    const spent = (...passes: number[]) => passes.map((x): [number, number] => [0, 40 * x]);
    expect(verdictOf(race([spent(2, 2), spent(3.1, 2.9)]), costs).verdict).toBe('agrees');
    expect(verdictOf(race([spent(2, 2), spent(3, 3)]), costs)).toMatchObject({ verdict: 'agrees', evidence: '3' });
    expect(verdictOf(race([spent(2, 2), spent(2.5, 2.51)]), costs).verdict).toBe('disagrees');
  });

  it('wants the whole interval of a saving above the share', () => {
    const saves: Claim = { kind: 'saves', arm: 'PILAF', than: 'Vanilla', share: 0.4 };
    const vanilla: [number, number][] = [[0, 1], [0, 1], [0, 1]]; // prettier-ignore
    const pilaf = (last: number) => vanilla.map((): [number, number] => [0, last]);
    // J reaches 1 of 4 after a quarter of the labels; 1 of 1.25 after four fifths.
    expect(verdictOf(race([vanilla, pilaf(4)]), saves)).toMatchObject({
      verdict: 'agrees',
      evidence: '75% (75 to 75)',
    });
    expect(verdictOf(race([vanilla, pilaf(1.25)]), saves).verdict).toBe('disagrees');
    expect(verdictOf(race([vanilla, pilaf(0.5)]), saves)).toMatchObject({ verdict: 'disagrees' });
  });
});

describe('the paper’s presets', () => {
  const papers = PRESETS.flatMap(({ id, config, paper }) => (paper ? [[id, config, paper] as const] : []));

  it.each(papers)('%s: every claim and every printed row is about an arm that races', (_, config, paper) => {
    const names = config.arms.map(armName);
    for (const claim of paper.claims) {
      expect(names).toContain(claim.arm);
      if ('than' in claim) expect(names).toContain(claim.than);
    }
    for (const [arm, values] of Object.entries(paper.printed?.rows ?? {})) {
      expect(names).toContain(arm);
      if (values) expect(values).toHaveLength(paper.printed!.metrics.length);
    }
  });

  it('have β = 0.1 and enough seeds: 20 for the bandit, 8 for reviews', () => {
    for (const [id, config] of papers) {
      expect(config.beta, id).toBe(0.1);
      expect(config.seeds, id).toBeGreaterThanOrEqual(config.task.kind === 'bandit' ? 20 : 8);
    }
  });
});
