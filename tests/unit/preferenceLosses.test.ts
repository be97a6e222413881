import { describe, expect, it } from 'vitest';
import { pairLoss, referencePoint, type LossKind } from '../../src/math/preferenceLosses';
import golden from '../golden/preferences.json';

const KINDS: readonly LossKind[] = ['dpo', 'ipo', 'hinge', 'kto'];

const near = (found: number, expected: number, what: string) =>
  expect(Math.abs(found - expected) / Math.max(Math.abs(expected), 1e-12), what).toBeLessThan(1e-9);

describe('pairLoss', () => {
  it.each(KINDS)('agrees with PyTorch in loss and slopes: %s', (kind) => {
    golden.betas.forEach((beta, batch) => {
      const [chosen, rejected] = [golden.chosen[batch]!, golden.rejected[batch]!];
      const point = referencePoint([...chosen, ...rejected]);
      chosen.forEach((c, i) => {
        const found = pairLoss({ kind, beta, smoothing: golden.smoothing[batch]! }, c, rejected[i]!, point);
        const where = `${kind}, batch ${batch}, pair ${i}`;
        near(found.loss, golden[kind].losses[batch]![i]!, where);
        near(found.chosenSlope, golden[kind].chosenSlopes[batch]![i]!, `${where}, chosen slope`);
        near(found.rejectedSlope, golden[kind].rejectedSlopes[batch]![i]!, `${where}, rejected slope`);
      });
    });
  });

  it('has the optima of its paper', () => {
    const slopeAt = (kind: LossKind, h: number, smoothing = 0) =>
      pairLoss({ kind, beta: 0.5, smoothing }, h, 0, 0).chosenSlope;
    expect(slopeAt('ipo', 1), 'IPO wants h = 1/(2β)').toBe(0);
    expect(slopeAt('hinge', 2.01), 'the hinge is content beyond 1/β').toBe(0);
    expect(slopeAt('hinge', 1.99)).toBe(-0.5);
    // cDPO wants σ(βh) = 1 − ε.
    expect(slopeAt('dpo', 2 * Math.log(0.8 / 0.2), 0.2)).toBeCloseTo(0, 12);
  });

  it('treats both completions of a pair alike in KTO: turned around, the slopes swap', () => {
    const loss = { kind: 'kto', beta: 0.7, smoothing: 0 } as const;
    const [there, back] = [pairLoss(loss, 1.2, -0.4, 0), pairLoss(loss, 0.4, -1.2, 0)];
    expect(there.chosenSlope).toBeCloseTo(-back.rejectedSlope, 12);
    expect(there.loss).toBeCloseTo(back.loss, 12);
  });
});

describe('referencePoint', () => {
  it('is the mean of the log-ratios, at least 0, and 0 of none', () => {
    expect(referencePoint([1, 2, 6])).toBe(3);
    expect(referencePoint([1, -2])).toBe(0);
    expect(referencePoint([])).toBe(0);
  });
});
