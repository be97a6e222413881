import type { Product } from './hostDevice';

/** out = a·b in plain loops. */
export function cpuProduct({ a, b, out, rows, inner, columns, transposeA, transposeB }: Product): void {
  const [aRow, aInner] = transposeA ? [1, rows] : [inner, 1];
  const [bInner, bColumn] = transposeB ? [1, inner] : [columns, 1];
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    out.fill(0, start, start + columns);
    for (let i = 0; i < inner; i++) {
      const factor = a[row * aRow + i * aInner]!;
      const from = i * bInner;
      for (let c = 0; c < columns; c++) out[start + c] = out[start + c]! + factor * b[from + c * bColumn]!;
    }
  }
}
