import { registerThreadKernel } from '../threadKernel';

/** x·w, x·wᵀ and xᵀ·w of every matrix in a batch. */
export const PRODUCT = 'BatchProduct';
export const PRODUCT_TRANSPOSED_W = 'BatchProductTransposedW';
export const PRODUCT_TRANSPOSED_X = 'BatchProductTransposedX';

/** Rows and columns of the output that a thread computes. */
const TILE = 4;

type Shapes = readonly (readonly number[])[];

/**
 * A thread computes a 4 × 4 tile in registers: eight loads for sixteen multiply-adds, and no barrier. Our matrices are
 * small (at most a few hundred wide), so the caches do what workgroup memory would; on a software adapter a barrier
 * costs more than the whole product. Loads beyond an edge are clamped to it, never to the next matrix, whose run may
 * have diverged; what they yield is not written.
 */
function registerProduct(name: string, transposeX: boolean, transposeW: boolean): void {
  const sizes = ([x, w]: Shapes) => ({
    batch: x![0]!,
    rows: x![transposeX ? 2 : 1]!,
    columns: w![transposeW ? 1 : 2]!,
  });
  const xAt = transposeX ? '(b * inner + i) * rows + row' : '(b * rows + row) * inner + i';
  const wAt = transposeW ? '(b * columns + column) * inner + i' : '(b * inner + i) * columns + column';
  const lanes = ['x', 'y', 'z', 'w'];
  const code = /* wgsl */ `
fn xAt(b: i32, row: i32, i: i32, rows: i32, inner: i32) -> f32 { return x[${xAt}]; }
fn wAt(b: i32, i: i32, column: i32, inner: i32, columns: i32) -> f32 { return w[${wAt}]; }

fn compute(index: i32) {
  let rows = uniforms.outShape[1];
  let columns = uniforms.outShape[2];
  let inner = uniforms.xShape[${transposeX ? 1 : 2}];
  let tilesAcross = (columns + ${TILE - 1}) / ${TILE};
  let tiles = (rows + ${TILE - 1}) / ${TILE} * tilesAcross;
  let b = index / tiles;
  let row = index % tiles / tilesAcross * ${TILE};
  let column = index % tilesAcross * ${TILE};
  let row1 = min(row + 1, rows - 1);
  let row2 = min(row + 2, rows - 1);
  let row3 = min(row + 3, rows - 1);
  let column1 = min(column + 1, columns - 1);
  let column2 = min(column + 2, columns - 1);
  let column3 = min(column + 3, columns - 1);
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  for (var i = 0; i < inner; i++) {
    let right = vec4<f32>(
      wAt(b, i, column, inner, columns), wAt(b, i, column1, inner, columns),
      wAt(b, i, column2, inner, columns), wAt(b, i, column3, inner, columns));
    sum0 += xAt(b, row, i, rows, inner) * right;
    sum1 += xAt(b, row1, i, rows, inner) * right;
    sum2 += xAt(b, row2, i, rows, inner) * right;
    sum3 += xAt(b, row3, i, rows, inner) * right;
  }
${[0, 1, 2, 3]
  .map(
    (k) => `  if (row + ${k} < rows) {
    let start = (b * rows + row + ${k}) * columns + column;
${lanes.map((lane, j) => `    if (column + ${j} < columns) { result[start + ${j}] = sum${k}.${lane}; }`).join('\n')}
  }`,
  )
  .join('\n')}
}`;
  registerThreadKernel({
    name,
    inputs: ['x', 'w'],
    dtype: 'float32',
    shape: (shapes) => {
      const { batch, rows, columns } = sizes(shapes);
      return [batch, rows, columns];
    },
    threads: (shapes) => {
      const { batch, rows, columns } = sizes(shapes);
      return batch * Math.ceil(rows / TILE) * Math.ceil(columns / TILE);
    },
    code,
  });
}

registerProduct(PRODUCT, false, false);
registerProduct(PRODUCT_TRANSPOSED_W, false, true);
registerProduct(PRODUCT_TRANSPOSED_X, true, false);
