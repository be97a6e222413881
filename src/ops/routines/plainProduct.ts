import type { Product } from './routines';

/** out = a·b in plain loops. */
export function plainProduct({ a, b, out, rows, inner, columns, ...rest }: Product): void {
  const { transposed, add = false } = rest;
  const [aRow, aInner] = transposed === 'a' ? [1, rest.aStep ?? rows] : [rest.aStep ?? inner, 1];
  const [bInner, bColumn] = transposed === 'b' ? [1, rest.bStep ?? inner] : [rest.bStep ?? columns, 1];
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let i = 0; i < inner; i++) {
      const factor = a[row * aRow + i * aInner]!;
      const from = i * bInner;
      for (let c = 0; c < columns; c++) sums[c] = sums[c]! + factor * b[from + c * bColumn]!;
    }
    const start = row * (rest.outStep ?? columns);
    for (let c = 0; c < columns; c++) out[start + c] = add ? out[start + c]! + sums[c]! : sums[c]!;
  }
}
