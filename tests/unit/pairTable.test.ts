import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/experiment/config/config';
import { PAIR_TABLES } from '../../src/experiment/samplers/table';
import { asymptoticConstant } from '../../src/theory/asymptotics';
import { bestDesign } from '../../src/theory/bestDesign';
import { pairTable } from '../../src/theory/pairTable';
import { logitsAt, type Prompt } from '../../src/theory/prompt';

const PROMPT: Prompt = { referenceLogits: [0.3, -0.8, 1.1, 0], rewards: [1.5, -1, 0, 2.5], beta: 0.7 };
const LOGITS = [0.9, -1, 0.4, 0.2];

describe('a table of pairs', () => {
  it.each(PAIR_TABLES)('of %s is a distribution', (rule) => {
    const mu = pairTable(rule, PROMPT, LOGITS);
    expect(mu.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
    expect(Math.min(...mu)).toBeGreaterThanOrEqual(0);
  });

  it('in proportion to 2 + e^Δ + e^−Δ overflows for no range of rewards', () => {
    const mu = pairTable('oracle-spread', PROMPT, LOGITS);
    const ratio = (2 + Math.exp(3.5) + Math.exp(-3.5)) / 4;
    expect(mu[1 * 4 + 3]! / mu[0]!).toBeCloseTo(ratio, 9);
    expect(mu[3 * 4 + 1]).toBe(mu[1 * 4 + 3]);
    const wide = pairTable('oracle-spread', { ...PROMPT, rewards: [-1000, 0, 1000, 5] }, LOGITS);
    expect(wide[2]).toBeCloseTo(0.5, 12);
  });

  it('of the best design is found once for a prompt, whatever the policy', () => {
    const mu = pairTable('best-design', PROMPT, LOGITS);
    expect(pairTable('best-design', PROMPT, [0, 0, 0, 0])).toBe(mu);
    expect(mu).toEqual(bestDesign(PROMPT).mu);
  });

  it('of the design by r_θ is as good as the best one where the policy is the optimum', () => {
    const optimal = logitsAt(PROMPT, 1);
    const own = asymptoticConstant(PROMPT, pairTable('implicit-design', PROMPT, optimal));
    const best = bestDesign(PROMPT).constant;
    expect(own).toBeGreaterThanOrEqual(best * (1 - 1e-9));
    expect(own).toBeLessThan(1.03 * best);
  });

  it('knows the first reference only, and bandits only', () => {
    const config = {
      task: { kind: 'bandit' },
      arms: [{ sampler: 'best-design' }],
      beta: 1,
      learningRate: 0.1,
      schedule: { steps: 4, pairs: 4 },
      evaluation: { every: 4 },
    };
    const problems = (more: object) => {
      const parsed = parseConfig({ ...config, ...more });
      return parsed.ok ? '' : parsed.problems.map(({ path, message }) => `${path}: ${message}`).join();
    };
    expect(problems({ rounds: { pairs: 8, movingReference: true } })).toBe(
      'arms.0.sampler: "best-design" knows the first reference only, so it needs rounds.movingReference to be false',
    );
    expect(problems({ task: { kind: 'reviews' } })).toContain('runs on the bandit only');
    expect(problems({ rounds: { pairs: 8 } })).toBe('');
  });
});
