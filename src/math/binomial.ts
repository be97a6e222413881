/** How sure a share is, from so many tries. */
export interface Share {
  readonly low: number;
  readonly high: number;
}

const TAIL = 0.025;
const HALVINGS = 60;

/**
 * The exact 95% interval of a probability after `successes` in `tries` (Clopper and Pearson 1934): the probabilities
 * under which neither so many successes nor so few would be a surprise. Throws RangeError unless 0 ≤ successes ≤ tries.
 */
export function binomialInterval(successes: number, tries: number): Share {
  if (!(Number.isInteger(successes) && Number.isInteger(tries) && successes >= 0 && successes <= tries)) {
    throw new RangeError(`${successes} successes of ${tries}`);
  }
  return {
    low: successes === 0 ? 0 : rootOf((p) => atLeast(successes, tries, p) - TAIL),
    high: successes === tries ? 1 : rootOf((p) => TAIL - (1 - atLeast(successes + 1, tries, p))),
  };
}

/** P(X ≥ successes) of a binomial X. */
function atLeast(successes: number, tries: number, p: number): number {
  let sum = 0;
  let logChoose = 0;
  for (let k = 0; k <= tries; k++) {
    if (k > 0) logChoose += Math.log((tries - k + 1) / k);
    if (k >= successes) sum += Math.exp(logChoose + k * Math.log(p) + (tries - k) * Math.log1p(-p));
  }
  return sum;
}

/** Where a rising function on (0, 1) is 0. */
function rootOf(f: (p: number) => number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (f(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
