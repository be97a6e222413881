/** One named tensor of a policy, without the fleet axis. */
export interface ParameterShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Named shapes in the order in which they lie in a run's flat weight vector. */
export type ParameterLayout = readonly ParameterShape[];

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const parameterCount = (layout: ParameterLayout): number => layout.reduce((n, p) => n + sizeOf(p.shape), 0);

/**
 * A matrix turned around. // [columns, inner] → [inner, columns]
 *
 * @param sourceOf the row of `values` that becomes a column; the same one where absent
 */
export function transposeInto(
  target: Float32Array,
  values: Float32Array,
  inner: number,
  sourceOf: (column: number) => number = (column) => column,
): void {
  const columns = target.length / inner;
  for (let j = 0; j < columns; j++) {
    const source = sourceOf(j) * inner;
    for (let i = 0; i < inner; i++) target[i * columns + j] = values[source + i]!;
  }
}
