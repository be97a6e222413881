/**
 * The exact distribution of (best, worst) among n independent draws, [K, K] with entry best·K + worst
 * (arXiv 2502.04270, Table 1, the Best-of-N rows).
 *
 * Among equal scores the first draw counts as best and as worst; if all n scores are equal, the last draw is the
 * worst, so that a pair never shows one draw twice. This matters at the start, where every implicit reward is 0.
 *
 * `probabilities` [K] sum to 1, `scores` [K] are rewards of any kind. Throws RangeError when lengths differ or n < 2.
 */
export function bestOfNPairDistribution(
  probabilities: ArrayLike<number>,
  scores: ArrayLike<number>,
  n: number,
): Float64Array {
  const responses = probabilities.length;
  if (scores.length !== responses) throw new RangeError(`${scores.length} scores for ${responses} probabilities`);
  if (!Number.isInteger(n) || n < 2) throw new RangeError(`best of ${n}: at least 2 whole draws are needed`);
  const mu = new Float64Array(responses * responses);
  for (let a = 0; a < responses; a++) {
    for (let b = 0; b < responses; b++) {
      mu[a * responses + b] = pairProbability(probabilities, scores, n, a, b);
    }
  }
  return mu;
}

/**
 * Which scores are drawn says nothing about which of the responses that share a score is drawn, so a pair's
 * probability is that of its two scores times the two responses' shares among their equals.
 */
function pairProbability(
  probabilities: ArrayLike<number>,
  scores: ArrayLike<number>,
  n: number,
  best: number,
  worst: number,
): number {
  const high = scores[best]!;
  const low = scores[worst]!;
  if (high < low) return 0;
  const massAtHigh = mass(probabilities, scores, (score) => score === high);
  const massAtLow = mass(probabilities, scores, (score) => score === low);
  if (massAtHigh === 0 || massAtLow === 0) return 0;
  const shares = (probabilities[best]! / massAtHigh) * (probabilities[worst]! / massAtLow);
  if (high === low) return massAtHigh ** n * shares;
  const between = mass(probabilities, scores, (score) => low < score && score < high);
  // Inclusion and exclusion: all n lie in [low, high], less those that miss an end, plus those that miss both.
  const extremes =
    (between + massAtLow + massAtHigh) ** n - (between + massAtLow) ** n - (between + massAtHigh) ** n + between ** n;
  return Math.max(0, extremes) * shares;
}

function mass(probabilities: ArrayLike<number>, scores: ArrayLike<number>, counts: (score: number) => boolean): number {
  let sum = 0;
  for (let k = 0; k < scores.length; k++) if (counts(scores[k]!)) sum += probabilities[k]!;
  return sum;
}
