import type { EstimatedPoint } from './importance';

/**
 * The estimated optimum at any β within those of `points`, which fall; null beyond them. J* is the cubic through both
 * neighbours with its slope there, which is −KL; KL is linear in log β. Errors and effective sizes are the neighbours'
 * worse ones.
 */
export function optimumAt(points: readonly EstimatedPoint[], beta: number): EstimatedPoint | null {
  const after = points.findIndex((point) => point.beta <= beta);
  const low = points[after];
  if (!low) return null;
  if (low.beta === beta) return low;
  const high = points[after - 1];
  if (!high) return null;
  const width = high.beta - low.beta;
  const t = (beta - low.beta) / width;
  const objective =
    (1 + 2 * t) * (1 - t) ** 2 * low.objective +
    t ** 2 * (3 - 2 * t) * high.objective -
    width * (t * (1 - t) ** 2 * low.kl - t ** 2 * (1 - t) * high.kl);
  const share = Math.log(beta / low.beta) / Math.log(high.beta / low.beta);
  const kl = low.kl + share * (high.kl - low.kl);
  const [a, b] = [low.estimate, high.estimate];
  return {
    beta,
    reward: objective + beta * kl,
    kl,
    objective,
    estimate: {
      errors: {
        reward: Math.max(a.errors.reward, b.errors.reward),
        kl: Math.max(a.errors.kl, b.errors.kl),
        objective: Math.max(a.errors.objective, b.errors.objective),
      },
      effective: {
        minimum: Math.min(a.effective.minimum, b.effective.minimum),
        median: Math.min(a.effective.median, b.effective.median),
      },
    },
  };
}
