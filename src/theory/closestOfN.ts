import { closestNeighbours } from '../experiment/samplers/select';

/** Sets of drawn responses are enumerated: 2^K of them. */
export const MOST_ENUMERATED = 16;

/**
 * The exact distribution of the closest pair among n independent draws, [K, K] with entry better·K + worse: of the
 * different responses drawn, the neighbours by score whose scores differ least, as `selectPair` takes them. Where one
 * response is all that was drawn it is shown twice.
 *
 * `probabilities` [K] sum to 1, `scores` [K] are implicit rewards. Throws RangeError beyond `MOST_ENUMERATED` responses.
 */
export function closestOfNPairDistribution(
  probabilities: ArrayLike<number>,
  scores: ArrayLike<number>,
  n: number,
): Float64Array {
  const responses = probabilities.length;
  if (responses > MOST_ENUMERATED) {
    throw new RangeError(`closest of ${n} among ${responses} responses is not enumerated; at most ${MOST_ENUMERATED}`);
  }
  const order = Array.from({ length: responses }, (_, k) => k).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const exactly = chancesOfSets(
    order.map((k) => probabilities[k]!),
    n,
  );
  const mu = new Float64Array(responses * responses);
  exactly.forEach((chance, set) => {
    const drawn = order.filter((_, place) => set & (1 << place));
    const [better, worse] = closestOf(drawn, scores);
    if (better !== undefined && worse !== undefined) mu[better * responses + worse]! += chance;
  });
  return mu;
}

/**
 * By the set's bits: the chance that exactly these responses are drawn. All draws lie in a set with chance p(set)^n; less
 * those that lie in a part of it, by inclusion and exclusion over the subsets, bit by bit.
 */
function chancesOfSets(probabilities: readonly number[], n: number): Float64Array {
  const chances = new Float64Array(1 << probabilities.length);
  for (let set = 1; set < chances.length; set++) {
    const mass = probabilities.reduce((sum, p, place) => (set & (1 << place) ? sum + p : sum), 0);
    chances[set] = mass ** n;
  }
  for (let place = 0; place < probabilities.length; place++) {
    for (let set = 0; set < chances.length; set++) {
      if (set & (1 << place)) chances[set]! -= chances[set ^ (1 << place)]!;
    }
  }
  return chances.map((chance) => Math.max(0, chance));
}

/** @param drawn by falling score */
function closestOf(drawn: readonly number[], scores: ArrayLike<number>): readonly (number | undefined)[] {
  if (drawn.length < 2) return [drawn[0], drawn[0]];
  const least = closestNeighbours(drawn.map((k) => scores[k]!));
  return [drawn[least], drawn[least + 1]];
}
