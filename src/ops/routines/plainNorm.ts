import { RMS_EPSILON } from '../rmsNorm/composed';
import type { Blocks, Routines } from './routines';

/** Calls back with every row's number and its place among the blocks. */
function forEachRow({ blocks, count, step, width }: Blocks, call: (row: number, at: number) => void): void {
  for (let row = 0; row < blocks * count; row++) call(row, Math.floor(row / count) * step + (row % count) * width);
}

export const plainNorm: Pick<Routines, 'normRows' | 'scaleRows' | 'addNormGradient' | 'addGainGradient'> = {
  normRows(x, gain, out, scale, rows) {
    const { width } = rows;
    forEachRow(rows, (row, at) => {
      let squares = 0;
      for (let i = at; i < at + width; i++) squares += x[i]! * x[i]!;
      scale[row] = 1 / Math.sqrt(squares / width + RMS_EPSILON);
    });
    plainNorm.scaleRows(x, scale, gain, out, rows);
  },

  scaleRows(x, scale, gain, out, rows) {
    const { width } = rows;
    forEachRow(rows, (row, at) => {
      for (let i = 0; i < width; i++) out[row * width + i] = x[at + i]! * scale[row]! * gain[i]!;
    });
  },

  addNormGradient(dy, x, scale, gain, dx, rows) {
    const { width } = rows;
    forEachRow(rows, (row, at) => {
      const from = row * width;
      const s = scale[row]!;
      let sum = 0;
      for (let i = 0; i < width; i++) sum += gain[i]! * dy[from + i]! * (x[at + i]! * s);
      const mean = sum / width;
      for (let i = 0; i < width; i++) {
        dx[at + i] = dx[at + i]! + s * (gain[i]! * dy[from + i]! - x[at + i]! * s * mean);
      }
    });
  },

  addGainGradient(dy, x, scale, out, rows) {
    const { width } = rows;
    forEachRow(rows, (row, at) => {
      const s = scale[row]!;
      for (let i = 0; i < width; i++) out[i] = out[i]! + dy[row * width + i]! * (x[at + i]! * s);
    });
  },
};
