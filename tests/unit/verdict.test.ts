import { armName } from '../../src/experiment/config/names';
import { describe, expect, it } from 'vitest';
import { corrected, judge, seedsText, type Judgement, type Verdict } from '../../src/analysis/verdict';
import type { Claim } from '../../src/experiment/presets/claims';
import { parseConfig } from '../../src/experiment/config/config';
import { appendEvaluation, createHistory, type RaceHistory } from '../../src/experiment/documents/history';
import type { Evaluation } from '../../src/experiment/documents/metrics';
import type { PlanePoint } from '../../src/experiment/documents/results';
import { holm } from '../../src/math/statistics';
import { PRESETS } from '../../src/experiment/presets/presets';

/** Vanilla and PILAF, with the first and the last value of a metric for each of their seeds. */
function race(
  values: readonly (readonly (readonly [first: number, last: number])[])[],
  optimum: PlanePoint | null = null,
  more: object = {},
): RaceHistory {
  const seeds = values[0]!.length;
  const parsed = parseConfig({
    task: { kind: 'bandit' },
    arms: [{ sampler: 'vanilla' }, { sampler: 'pilaf' }],
    seeds,
    beta: 1,
    learningRate: 0.01,
    schedule: { steps: 10, pairs: 4 },
    evaluation: { every: 10 },
    ...more,
  });
  if (!parsed.ok) throw new Error('no config');
  const { value: config } = parsed;
  const runs = config.arms
    .slice(0, values.length)
    .flatMap((arm) => Array.from({ length: seeds }, (_, seed) => ({ arm: armName(arm), seed, optimum })));
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

/** The same with 40 evaluations on the straight lines between the two. */
function finely(values: readonly (readonly (readonly [first: number, last: number])[])[]): RaceHistory {
  const history = race(values.map((arm) => arm.map(([first]) => [first, first] as const)));
  history.runs.forEach((run, i) => {
    run.steps.length = 0;
    for (const column of Object.values(run.columns)) column.length = 0;
    const [first, last] = values[run.arm]![run.seed]!;
    for (let at = 0; at <= 40; at++) {
      const objective = first + (at / 40) * (last - first);
      appendEvaluation(history, i, { step: at, objective, labels: at } as Evaluation);
    }
  });
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

  it('decides a price by what is known exactly, however wide the count’s interval is', () => {
    const costs = (perPair: number): Claim => ({ kind: 'costs', arm: 'PILAF', spending: 'samplingCost', perPair });
    const spent = (...passes: number[]) => passes.map((x): [number, number] => [0, 40 * x]);
    const counted = race([spent(2, 2), spent(1, 4.9)]);
    expect(verdictOf(counted, costs(3))).toMatchObject({ verdict: 'agrees', p: null });
    expect(verdictOf(counted, costs(2.9)).verdict).toBe('disagrees');
    expect(verdictOf(race([spent(2, 2), spent(3, 3)]), costs(3)).evidence).toBe('3, counted 3');
  });

  it('wants the whole interval of a saving above the share', () => {
    const saves: Claim = { kind: 'saves', arm: 'PILAF', than: 'Vanilla', share: 0.4 };
    const vanilla = Array.from({ length: 5 }, (): [number, number] => [0, 1]);
    const pilaf = (last: number) => vanilla.map((): [number, number] => [0, last]);
    // J reaches 1 of 4 after a quarter of the labels; 1 of 1.25 after four fifths.
    expect(verdictOf(finely([vanilla, pilaf(4)]), saves)).toMatchObject({
      verdict: 'agrees',
      evidence: '75% (75 to 78)',
    });
    expect(verdictOf(finely([vanilla, pilaf(1.25)]), saves).verdict).toBe('disagrees');
    expect(verdictOf(finely([vanilla, pilaf(0.5)]), saves)).toMatchObject({ verdict: 'disagrees' });
    const fewer = (arm: [number, number][]) => arm.slice(1);
    expect(verdictOf(finely([fewer(vanilla), fewer(pilaf(4))]), saves)).toMatchObject({
      verdict: 'undecided',
      p: null,
    });
  });

  it('has the p-value at which a saving’s interval just reaches the share', () => {
    const saves: Claim = { kind: 'saves', arm: 'PILAF', than: 'Vanilla', share: 0.4 };
    const vanilla = Array.from({ length: 6 }, (): [number, number] => [0, 1]);
    const noisy = (ends: number[]) => finely([vanilla, ends.map((last): [number, number] => [0, last])]);
    const clear = verdictOf(noisy([4, 4.2, 3.8, 4.1, 3.9, 4]), saves);
    const open = verdictOf(noisy([1, 4, 3, 1.2, 2, 1.6]), saves);
    expect(clear.verdict).toBe('agrees');
    expect(clear.p).toBeLessThan(0.05);
    expect(open.verdict).toBe('undecided');
    expect(open.p).toBeGreaterThan(0.05);
  });

  it('does not test a rise of KL from below the optimum’s', () => {
    const rises: Claim = { kind: 'rises', metric: 'kl', arm: 'Vanilla' };
    const optimum = { reward: 3, kl: 2, objective: 1 };
    const up = (from: number) => race([[[from, 5], [from, 5.1]]], optimum); // prettier-ignore
    expect(verdictOf(up(0.85), rises)).toMatchObject({
      verdict: 'not testable here',
      evidence: 'KL starts at 0.85, below the optimum’s 2.00, so learning raises it',
      p: null,
    });
    expect(verdictOf(up(3), rises).verdict).toBe('agrees');
  });

  it('takes the mean of the last quarter where a task is evaluated by sampling', () => {
    const config = { task: { kind: 'reviews' }, schedule: { steps: 80, pairs: 4 }, evaluation: { every: 10 } };
    const history = race([[[0, 1]], [[0, 1]]], null, config);
    // Steps 0, 10 so far; then 60, 70 and 80 of 80: the last quarter begins after 60.
    const values = [[60, 100], [70, 3], [80, 5]]; // prettier-ignore
    for (const [step, reward] of values) {
      for (const run of [0, 1]) {
        const evaluation = { step, reward: run === 0 ? 0 : reward, kl: 0, objective: 0, labels: step } as Evaluation;
        appendEvaluation(history, run, evaluation);
      }
    }
    expect(verdictOf(history, above).evidence).toBe('+4.00');
  });

  it('rests on the seeds that are left', () => {
    const ends = [1, 1.1, 0.9, 1].map((x): [number, number] => [0, x]);
    const history = race([ends, ends.map(([, x]): [number, number] => [0, x + 1])]);
    const { steps, columns } = history.runs[1]!;
    steps.pop();
    columns.reward.pop();
    const found = verdictOf(history, above);
    expect(found).toMatchObject({ verdict: 'agrees', seeds: 3, planned: 4 });
    expect(seedsText(found)).toBe('3 of 4 seeds');
  });
});

describe('Holm’s correction', () => {
  const judgement = (verdict: Verdict, p: number | null): Judgement => ({
    claim: above,
    statement: '',
    verdict,
    evidence: '',
    seeds: 8,
    planned: 8,
    p,
  });

  it('leaves undecided what would not stand beside so many tests, and touches what was not tested', () => {
    const found = corrected([
      judgement('agrees', 0.001),
      judgement('disagrees', 0.02),
      judgement('agrees', null),
      judgement('agrees', 0.04),
      judgement('undecided', 0.5),
      judgement('not testable here', null),
    ]);
    // 4 × 0.001, 3 × 0.02 = 0.06, 2 × 0.04, 0.5.
    expect(found.map((one) => one.corrected)).toEqual([
      'agrees',
      'undecided',
      'agrees',
      'undecided',
      'undecided',
      'not testable here',
    ]);
  });

  it('never lets a larger p-value pass where a smaller one did not', () => {
    expect(holm([0.03, 0.01, 0.02])).toEqual([0.04, 0.03, 0.04]);
    expect(holm([])).toEqual([]);
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
