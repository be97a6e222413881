import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { simd } from './scripts/simdPlugin.mjs';

/**
 * The headless runner for Node: tfjs's ES modules do not load in plain Node (extensionless imports), so all is
 * bundled into one file; only Node's own modules and Dawn's native binding stay outside.
 */

/** The CommonJS that tfjs and emscripten carry expects these names, which an ES module does not have. */
const BANNER = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __fileURLToPath(import.meta.url);',
  "const __dirname = __fileURLToPath(new URL('.', import.meta.url));",
].join('\n');

const WASM = fileURLToPath(new URL('./node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/', import.meta.url));

/** tfjs' modules beside the bundle, which then needs none of the packages that it was made of. */
const wasmFiles = (): Plugin => ({
  name: 'wasm-files',
  generateBundle() {
    for (const fileName of readdirSync(WASM).filter((name) => name.endsWith('.wasm'))) {
      this.emitFile({ type: 'asset', fileName, source: readFileSync(join(WASM, fileName)) });
    }
  },
});

export default defineConfig({
  plugins: [simd(), wasmFiles()],
  publicDir: false,
  ssr: { noExternal: true, external: ['webgpu'] },
  build: {
    ssr: 'src/cli/main.ts',
    outDir: '.lab',
    target: 'node20',
    sourcemap: true,
    minify: false,
    rolldownOptions: {
      external: ['webgpu', /^node:/, ...builtinModules],
      output: { entryFileNames: 'lab.mjs', format: 'es', banner: BANNER, codeSplitting: false },
    },
  },
});
