import { defineConfig, mergeConfig } from 'vite';
import lab from '../../vite.lab.config.ts';

/**
 * The engine's measurements for Node, bundled as the headless runner is. The bundle lies below the repository's root,
 * where Node finds the packages that stay outside of it.
 */
export default mergeConfig(
  lab,
  defineConfig({
    build: {
      ssr: 'tests/bench/engineNode.ts',
      outDir: 'node_modules/.cache/bench',
      rolldownOptions: { output: { entryFileNames: 'engine.mjs' } },
    },
  }),
);
