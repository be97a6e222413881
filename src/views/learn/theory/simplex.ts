/** Three probabilities as a point of a triangle: A bottom left, B bottom right, C at the top. */

export type Triple = readonly [number, number, number];
export type Point = readonly [x: number, y: number];

const HEIGHT = Math.sqrt(3) / 2;

/** Corners of a triangle whose sides are 1 long, y downwards. */
export const CORNERS: readonly [Point, Point, Point] = [
  [0, HEIGHT],
  [1, HEIGHT],
  [0.5, 0],
];

/** Nearer to an edge a policy does not go: its logits would be too large to draw. */
export const NEAREST = 0.002;

/** Σ_k weight_k · corner_k: of probabilities their point, of changes that sum to 0 their arrow. */
export function placeOf(weights: ArrayLike<number>): Point {
  let [x, y] = [0, 0];
  CORNERS.forEach(([cx, cy], k) => {
    x += weights[k]! * cx;
    y += weights[k]! * cy;
  });
  return [x, y];
}

/** The probabilities whose point is nearest to (x, y), none below `NEAREST`. */
export function probabilitiesAt([x, y]: Point): Triple {
  const c = (HEIGHT - y) / HEIGHT;
  const b = x - c / 2;
  return bounded([1 - b - c, b, c]);
}

/** The same probabilities, none below `NEAREST`, adding up to 1. */
export function bounded(weights: Triple): Triple {
  const kept = weights.map((weight) => Math.max(NEAREST, weight));
  const sum = kept.reduce((total, weight) => total + weight, 0);
  const [a, b, c] = kept.map((weight) => weight / sum);
  return [a!, b!, c!];
}

/** How probabilities move when their logits move along `direction`: diag(p)·v − p·(p·v). */
export function movement(probabilities: ArrayLike<number>, direction: ArrayLike<number>): Triple {
  let centre = 0;
  for (let k = 0; k < 3; k++) centre += probabilities[k]! * direction[k]!;
  const moved = (k: number) => probabilities[k]! * (direction[k]! - centre);
  return [moved(0), moved(1), moved(2)];
}

/** Half axes and their angle, in degrees, of the ellipse that holds 95% of a normal law. // covariance [3, 3] */
export function ellipseOf(covariance: ArrayLike<number>): { major: number; minor: number; angle: number } {
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < 9; i++) {
    const [a, b] = [CORNERS[Math.floor(i / 3)]!, CORNERS[i % 3]!];
    xx += covariance[i]! * a[0] * b[0];
    xy += covariance[i]! * a[0] * b[1];
    yy += covariance[i]! * a[1] * b[1];
  }
  const spread = Math.hypot((xx - yy) / 2, xy);
  const middle = (xx + yy) / 2;
  const radius = (variance: number) => Math.sqrt(CHI_SQUARE_95 * Math.max(0, variance));
  return {
    major: radius(middle + spread),
    minor: radius(middle - spread),
    angle: (Math.atan2(2 * xy, xx - yy) / 2) * (180 / Math.PI),
  };
}

/** With two degrees of freedom: −2·log 0.05. */
const CHI_SQUARE_95 = -2 * Math.log(0.05);
