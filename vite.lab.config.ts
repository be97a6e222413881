import { builtinModules } from 'node:module';
import { defineConfig } from 'vite';
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

export default defineConfig({
  plugins: [simd()],
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
