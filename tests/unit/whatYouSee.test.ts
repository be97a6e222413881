import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { seedsText } from '../../src/analysis/standings';
import { whatYouSee } from '../../src/analysis/whatYouSee';
import { createHistory, type RaceHistory } from '../../src/experiment/documents/history';
import { parseRecorded } from '../../src/experiment/documents/recorded';
import { PRESETS } from '../../src/experiment/presets/presets';
import { valueOf } from '../../src/experiment/reading';

const RECORDED = readdirSync('public/recorded').map((file) => file.replace('.json', ''));

const recorded = (id: string): RaceHistory =>
  valueOf(parseRecorded(JSON.parse(readFileSync(`public/recorded/${id}.json`, 'utf8')))).history;

describe('what one sees', () => {
  it.each(RECORDED)('%s: every sentence is of its own intervals', (id) => {
    const history = recorded(id);
    const sentences = whatYouSee(history, true);
    expect(sentences.length).toBeGreaterThan(0);
    const [first] = sentences;
    if (history.config.seeds > 1) expect(first).toMatch(/^After [\d\s]+ steps, paired by seed: /);
    for (const sentence of sentences) expect(sentence).not.toMatch(/NaN|undefined|null|Infinity/);
  });

  it('says of the bandit race what its results say', () => {
    const [ahead, saved, pairs] = whatYouSee(recorded('bandit-race'), true);
    expect(ahead).toMatch(/: PILAF \(\+0\.0\d+ ± 0\.0\d+\), T-PILAF .* and Uniform .* have a higher J than Vanilla\.$/);
    expect(saved).toMatch(
      /^Of Vanilla’s labels, PILAF \d+% \(\d+ to \d+\), .* were not needed to reach its final J\.$/,
    );
    expect(pairs).toMatch(
      /^The oracle’s scores of a pair lie apart, compared with Vanilla’s pairs: PILAF’s \d+% farther apart, /,
    );
  });

  it('decides nothing that the intervals leave open', () => {
    const history = recorded('bandit-race');
    // The same arm twice, under two names, but for noise of either sign.
    const [vanilla] = [history.runs.filter(({ arm }) => arm === 0)];
    const twins = vanilla!.map((run, s) => ({
      ...run,
      arm: 1,
      columns: { ...run.columns, objective: run.columns.objective.map((j) => (j ?? 0) + (s % 2 === 0 ? 0.01 : -0.01)) },
    }));
    const config = { ...history.config, arms: history.config.arms.slice(0, 2) };
    const race = { ...history, config, arms: ['Vanilla', 'Twin'], runs: [...vanilla!, ...twins] };
    const sentences = whatYouSee(race, true);
    expect(sentences[0]).toMatch(/: between Vanilla and Twin nothing is decided\.$/);
    expect(sentences.join(' ')).not.toMatch(/higher|lower/);
  });

  it('says which runs were given up, and compares one only up to there', () => {
    const history = structuredClone(recorded('bandit-race'));
    const [, , pairs] = whatYouSee(history, true);
    const run = history.runs.find(({ arm, seed }) => arm === 1 && seed === 0)!;
    // Had it ended early, its beginning alone would be no more or less than its partner's.
    const partner = history.runs.find(({ arm, seed }) => arm === 0 && seed === 0)!;
    run.columns.oracleGap.splice(0, Infinity, ...partner.columns.oracleGap.slice(0, 3));
    partner.columns.oracleGap.fill(1e6, 3);
    for (const column of [run.steps, ...Object.values(run.columns)]) column.length = 3;
    run.status = 'stopped';
    const told = whatYouSee(history, true);
    expect(told.at(-1)).toBe('Runs were given up: 1 of PILAF.');
    const share = (sentence: string | undefined) => Number(/PILAF’s (\d+)% farther/.exec(sentence ?? '')?.[1]);
    expect(Math.abs(share(told[2]) - share(pairs)), 'one of twenty').toBeLessThan(15);
    expect(seedsText(history)).toBe('the seeds that each arm has left');
    expect(seedsText(recorded('bandit-race'))).toBe('20 seeds');
  });

  it('says of arms under another β that they cannot be compared', () => {
    const history = recorded('bandit-race');
    const arms = history.config.arms.map((arm, i) => (i === 1 ? { ...arm, beta: 2 } : arm));
    const [ahead] = whatYouSee({ ...history, config: { ...history.config, arms } }, true);
    expect(ahead).toMatch(/; PILAF cannot be compared with Vanilla\.$/);
  });

  it('is silent before the first comparison, and says what one seed is worth', () => {
    const { config } = PRESETS[0]!;
    const one = { ...config, seeds: 1 };
    const runs = one.arms.map(({ sampler }) => ({ arm: sampler, seed: 0, optimum: null }));
    const history = createHistory(one, { runs, optimum: null, frontier: null });
    expect(whatYouSee(history, false)).toEqual([]);
  });
});
