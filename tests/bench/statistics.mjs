/**
 * The median with the lower and upper quartile, between the sorted values (type 7, as numpy's default): timings on a
 * shared machine have a long upper tail, which a mean follows and these do not. Throws RangeError when empty.
 * @param {ArrayLike<number>} values
 * @returns {import('./results').Summary}
 */
export function quartiles(values) {
  if (values.length === 0) throw new RangeError('no values have no median');
  const sorted = Float64Array.from(values).sort();
  /** @param {number} share */
  const at = (share) => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const low = sorted[below] ?? 0;
    return low + (place - below) * ((sorted[below + 1] ?? low) - low);
  };
  return { median: at(0.5), low: at(0.25), high: at(0.75), n: sorted.length };
}
