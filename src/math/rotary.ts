/**
 * Rotary positions (Su et al. 2021): pair (i, i + d/2) of a head at position p turns by p · base^(−2i/d).
 *
 * @param size of a head, d
 * @returns cosines in the first half, sines in the last  // [d]
 */
export function rotaryTurns(size: number, position: number, base: number): Float64Array {
  const half = size / 2;
  return Float64Array.from({ length: size }, (_, column) => {
    const angle = position * base ** ((-2 * (column % half)) / size);
    return column < half ? Math.cos(angle) : Math.sin(angle);
  });
}
