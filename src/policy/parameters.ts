/** One named tensor of a policy, without the fleet axis. */
export interface ParameterShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Named shapes in the order in which they lie in a run's flat weight vector. */
export type ParameterLayout = readonly ParameterShape[];

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const parameterCount = (layout: ParameterLayout): number => layout.reduce((n, p) => n + sizeOf(p.shape), 0);
