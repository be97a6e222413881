/**
 * Information about K responses as a network of resistors: a pair that is shown often, and whose label is uncertain,
 * conducts well between its two responses. The information matrix Σ_{a<b} g_ab·(e_a − e_b)(e_a − e_b)ᵀ is the
 * network's Laplacian. Its generalised inverse is found by elimination without a subtraction, so that conductances of
 * any range keep their digits (Grassmann, Taksar and Heyman 1985, for Markov chains).
 */
export interface Network {
  readonly responses: number;
  /** Symmetric; the diagonal is not looked at. // [K, K] */
  readonly conductances: Float64Array;
}

/** L⁺ as Σ_i ray_i rayᵢᵀ/pivot_i, up to constants that cancel in differences of potentials. */
export interface EliminatedNetwork {
  readonly rays: readonly Float64Array[]; // [K − 1][K]
  readonly pivots: Float64Array; // [K − 1]
}

/**
 * Eliminates one response after the other; the last one, `ground`, has potential 0. A pivot is 0 where a part of the
 * network hangs on nothing.
 */
export function eliminate({ responses, conductances }: Network, ground: number): EliminatedNetwork {
  const g = conductances.slice();
  const order = Array.from({ length: responses }, (_, k) => k).filter((k) => k !== ground);
  const pivots = new Float64Array(order.length);
  // Unit lower triangular L with L D Lᵀ the grounded Laplacian; `shares` holds its entries below the diagonal, negated.
  const shares: Float64Array[] = [];
  order.forEach((k, i) => {
    const rest = [...order.slice(i + 1), ground];
    let pivot = 0;
    for (const b of rest) pivot += g[k * responses + b]!;
    pivots[i] = pivot;
    const share = new Float64Array(responses);
    for (const a of rest) share[a] = pivot > 0 ? g[k * responses + a]! / pivot : 0;
    for (const a of rest) {
      for (const b of rest) if (a !== b) g[a * responses + b]! += share[a]! * g[k * responses + b]!;
    }
    shares.push(share);
  });
  // Rows of L⁻¹.
  const rays: Float64Array[] = [];
  order.forEach((k, i) => {
    const ray = new Float64Array(responses);
    ray[k] = 1;
    for (let j = 0; j < i; j++) {
      const share = shares[j]![k]!;
      if (share > 0) for (let a = 0; a < responses; a++) ray[a]! += share * rays[j]![a]!;
    }
    rays.push(ray);
  });
  return { rays, pivots };
}

/** L⁺ up to constants in rows and columns, with zeros where the ground is. // [K][K] */
export function inverseOf(network: Network, ground: number): Float64Array[] {
  const { rays, pivots } = eliminate(network, ground);
  const inverse = Array.from({ length: network.responses }, () => new Float64Array(network.responses));
  rays.forEach((ray, i) => {
    for (let a = 0; a < ray.length; a++) {
      const share = ray[a]! / pivots[i]!;
      if (share > 0) for (let b = 0; b < ray.length; b++) inverse[a]![b]! += share * ray[b]!;
    }
  });
  return inverse;
}
