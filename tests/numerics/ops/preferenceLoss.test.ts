import { preferenceSlopesComposed } from '../../../src/ops/preferenceLoss/composed';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { dpoLoss, sigmoid } from '../../../src/math/bradleyTerry';
import type { LossKind } from '../../../src/math/preferenceLosses';
import { preferenceSlopes } from '../../../src/ops/preferenceLoss/preferenceLoss';
import golden from '../../golden/losses.json';
import preferences from '../../golden/preferences.json';
import { forEachBackend } from '../../support/backends';
import { expectNear, take, TOLERANCE, wave } from '../../support/numbers';

interface Given {
  readonly logProbs: readonly number[] | Float32Array; // [R·Mp, C]
  readonly mask?: readonly number[]; // ones where absent
  readonly reference: readonly number[] | Float32Array; // [R·Mp]
  readonly betas: readonly number[]; // [R]
  /** DPO without smoothing where absent. // [R] */
  readonly kinds?: readonly LossKind[];
  readonly smoothing?: readonly number[];
  readonly weights: readonly number[]; // [R, Mp/2]
}

async function slopesOf({ logProbs, mask, reference, betas, kinds, smoothing, weights }: Given, op = preferenceSlopes) {
  const shape: [number, number] = [reference.length, logProbs.length / reference.length];
  const { losses, slopes } = tf.tidy(() =>
    op({
      logProbs: tf.tensor2d([...logProbs], shape),
      mask: mask ? tf.tensor2d([...mask], shape) : tf.ones(shape),
      reference: tf.tensor1d([...reference]),
      objectives: betas.map((beta, r) => ({ kind: kinds?.[r] ?? 'dpo', beta, smoothing: smoothing?.[r] ?? 0 })),
      pairWeights: tf.tensor2d([...weights], [betas.length, weights.length / betas.length]),
    }),
  );
  expect(losses.shape).toEqual([betas.length, weights.length / betas.length]);
  expect(slopes.shape).toEqual([reference.length]);
  return { losses: await take(losses), slopes: await take(slopes) };
}

/** One pair a margin at β = 1, its first row carrying all of it. */
const ofMargins = (margins: readonly number[], beta = 1): Given => ({
  logProbs: margins.flatMap((x) => [x, 0]),
  reference: new Float32Array(2 * margins.length),
  betas: [beta],
  weights: margins.map(() => 1),
});

describe('preferenceSlopes', () => {
  forEachBackend((name) => {
    it('is −log σ of the margin over the reference, and its slope', async () => {
      // Chosen: −2 − (−3); rejected: −4 − (−4.5) once its end is masked. β = 2: margin 2·(1 − 0.5).
      const found = await slopesOf({
        logProbs: [-1, -1, -4, -50],
        mask: [1, 1, 1, 0],
        reference: [-3, -4.5],
        betas: [2],
        weights: [0.25],
      });
      expectNear(found.losses, [dpoLoss(1)], 1e-6);
      const slope = 0.25 * 2 * sigmoid(-1);
      expectNear(found.slopes, [-slope, slope], 1e-6);
    });

    it.each([
      [1, 1, 1],
      [1, 3, 5],
      [3, 4, 7],
    ])('agrees with its composed form: %i runs of %i pairs, %i tokens', async (runs, pairs, length) => {
      const rows = 2 * runs * pairs;
      const given: Given = {
        logProbs: wave(rows * length, 0.3).map((x) => 4 * x - 4),
        mask: Array.from({ length: rows * length }, (_, i) => (i % 5 === 4 ? 0 : 1)),
        reference: wave(rows, 0.8).map((x) => length * (2 * x - 3)),
        betas: [0.1, 0.7, 3].slice(0, runs),
        weights: Array.from({ length: runs * pairs }, (_, i) => (i % 4 === 3 ? 0 : 1 / (1 + i))),
      };
      const [found, composed] = [await slopesOf(given), await slopesOf(given, preferenceSlopesComposed)];
      expectNear(found.losses, composed.losses, 1e-5, 'losses');
      expectNear(found.slopes, composed.slopes, 1e-5, 'slopes');
    });

    it.each(['dpo', 'ipo', 'hinge', 'kto'] as const)('agrees with PyTorch, padding beside it: %s', async (kind) => {
      const { chosen, rejected, betas, smoothing } = preferences;
      const rows = betas.map((_, r) => [...chosen[r]!.flatMap((c, i) => [c, rejected[r]![i]!]), 1e6, -1e6]);
      const given: Given = {
        logProbs: rows.flat(),
        reference: new Float32Array(rows.flat().length),
        betas,
        kinds: betas.map(() => kind),
        smoothing,
        weights: rows.flatMap((row) =>
          Array.from({ length: row.length / 2 }, (_, i) => (i < row.length / 2 - 1 ? 1 : 0)),
        ),
      };
      const { losses, slopes } = await slopesOf(given);
      const { losses: composed } = await slopesOf(given, preferenceSlopesComposed);
      const pairs = rows[0]!.length / 2;
      betas.forEach((_, r) => {
        const own = (values: Float32Array, per: number) =>
          values.subarray(r * pairs * per, (r * pairs + pairs - 1) * per);
        const close = (found: Float32Array, golds: readonly number[], what: string) =>
          golds.forEach((gold, i) => {
            const error = Math.abs(found[i]! - gold) / Math.max(Math.abs(gold), 0.01);
            expect(error, `${what} ${i} of batch ${r}`).toBeLessThan(TOLERANCE[name]);
          });
        const { chosenSlopes, rejectedSlopes, losses: golds } = preferences[kind];
        close(own(losses, 1), golds[r]!, 'loss');
        close(own(composed, 1), golds[r]!, 'composed loss');
        close(
          own(slopes, 2),
          chosenSlopes[r]!.flatMap((c, i) => [c, rejectedSlopes[r]![i]!]),
          'slope',
        );
        expect([...slopes.subarray((r + 1) * pairs * 2 - 2, (r + 1) * pairs * 2)]).toEqual([0, 0]);
      });
    });

    it('lets runs of one fleet minimise different losses', async () => {
      const kinds = ['kto', 'dpo', 'ipo', 'hinge'] as const;
      const given: Given = {
        logProbs: wave(16, 0.3).map((x) => 3 * x),
        reference: wave(16, 0.7),
        betas: [0.5, 0.3, 2, 1],
        kinds,
        smoothing: [0, 0.2, 0, 0],
        weights: [0.5, 0.25, 0.5, 0.5, 0.5, 0, 0.5, 0.5],
      };
      const [found, composed] = [await slopesOf(given), await slopesOf(given, preferenceSlopesComposed)];
      expectNear(found.losses, composed.losses, 1e-5, 'losses');
      expectNear(found.slopes, composed.slopes, 1e-5, 'slopes');
    });

    it('keeps small relative errors from margin −100 to 100', async () => {
      const { x, beta, dpoLosses, dpoSlopes: golds } = golden.margins;
      for (const [b, value] of beta.entries()) {
        const { losses, slopes } = await slopesOf(ofMargins(x, value));
        x.forEach((margin, i) => {
          const [loss, slope] = [dpoLosses[b * x.length + i]!, golds[b * x.length + i]!];
          const close = (found: number, expected: number, what: string) => {
            // Below 1e-37 float32 is subnormal, and a GPU may make it 0.
            const error = Math.abs(found - expected) / Math.max(Math.abs(expected), 1e-37);
            if (Math.abs(expected) < 1e-37) expect(found, what).toBeLessThan(1e-36);
            else expect(error, what).toBeLessThan(TOLERANCE[name]);
          };
          close(losses[i]!, loss, `loss at ${margin}, β = ${value}`);
          close(slopes[2 * i]!, slope, `slope at ${margin}, β = ${value}`);
          expect(slopes[2 * i + 1]! + slopes[2 * i]!, 'slopes of a pair').toBe(0);
        });
      }
    });

    it('gives padding exactly no slope, whatever its values, and looks at no masked token', async () => {
      const { losses, slopes } = await slopesOf({
        logProbs: [NaN, 1, -Infinity, 1, -1, NaN, -2, Infinity],
        mask: [1, 1, 1, 1, 1, 0, 1, 0],
        reference: [NaN, 0, 0, 0],
        betas: [1],
        weights: [0, 1],
      });
      expect(slopes.subarray(0, 2).every((x) => x === 0)).toBe(true);
      expectNear(losses.subarray(1), [dpoLoss(1)], 1e-6);
      expectNear(slopes.subarray(2), [-sigmoid(-1), sigmoid(-1)], 1e-6);
    });

    it('keeps a run that is not finite to itself', async () => {
      const { losses, slopes } = await slopesOf({
        logProbs: [NaN, 0, 2, 0],
        reference: [0, 0, 0, 0],
        betas: [1, 1],
        weights: [1, 1],
      });
      expectNear([losses[1]!, slopes[2]!, slopes[3]!], [dpoLoss(2), -sigmoid(-2), sigmoid(-2)], 1e-5);
    });
  });
});
