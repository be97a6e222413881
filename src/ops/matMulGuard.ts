const READ = /(fn mm_readB\(batch: i32, row: i32, col: i32\) -> \S+ \{\s*var value = [^;]+;)\s*(value = getB\([^;]+;)/;

/**
 * tfjs' matrix product on WebGPU reads its right-hand side past the last row, into the next matrix of the batch, and
 * multiplies what it finds by 0. That is NaN where it finds NaN: a diverged run would take the run before it along.
 * Adds the missing bound to every product that this device compiles from now on.
 */
export function guardMatMul(device: GPUDevice): void {
  const compile = device.createShaderModule.bind(device);
  device.createShaderModule = (descriptor) =>
    compile({ ...descriptor, code: descriptor.code.replace(READ, '$1 if (row < uniforms.dimInner) { $2 }') });
}
