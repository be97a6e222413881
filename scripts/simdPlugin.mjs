import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../src/ops/simd/', import.meta.url));
const PLACE = /\/src\/ops\/simd\/binary\.ts$/;

const OPTIONS = [
  ...['--enable', 'simd'],
  // The memory is another's: none of its own, no data in it, no allocations.
  ...['--importMemory', '--noExportMemory', '--runtime', 'stub'],
  ...['-O3', '--noAssert'],
  // Functions of vectors are no exports of the module, only of their files.
  ...['--disableWarning', '112'],
];

/**
 * @param {string[]} features beside plain SIMD
 * @returns {Promise<string>} the module's bytes in base64
 */
async function compile(features) {
  const { default: asc } = await import('assemblyscript/asc');
  let base64 = '';
  const enabled = features.flatMap((feature) => ['--enable', feature]);
  const args = ['index.as.ts', '--baseDir', FOLDER, '--outFile', 'simd.wasm', ...OPTIONS, ...enabled];
  const { error, stderr } = await asc.main(args, {
    writeFile: (_name, contents) => void (base64 = Buffer.from(contents).toString('base64')),
  });
  if (error) throw new Error(`src/ops/simd does not compile: ${stderr.toString()}`, { cause: error });
  return base64;
}

/** @returns {Promise<string>} the text of binary.ts */
async function binaries() {
  const [plain, relaxed] = [await compile([]), await compile(['relaxed-simd'])];
  return `export const plain = '${plain}';\nexport const relaxed = '${relaxed}';`;
}

/** @type {Promise<string> | undefined} */
let compiled;

/**
 * Compiles src/ops/simd, which is written in AssemblyScript, once a process, and puts the result into its binary.ts.
 *
 * @returns {import('vite').Plugin}
 */
export const simd = () => ({
  name: 'simd',
  load: async (id) => (PLACE.test(id) ? (compiled ??= binaries()) : null),
});
