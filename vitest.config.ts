import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { CHROMIUM_FLAGS, findChromium } from './scripts/chromium.mjs';
import { simd } from './scripts/simdPlugin.mjs';
import viteConfig from './vite.config.ts';

const PACKAGE = 'tests/cli/package.test.ts';

const executablePath = findChromium();

export default defineConfig({
  test: {
    projects: [
      {
        plugins: viteConfig.plugins,
        test: {
          name: 'unit',
          environment: 'node',
          include: ['tests/unit/**/*.test.ts'],
          // A busy machine must not fail the longest of them.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'cli',
          environment: 'node',
          include: ['tests/cli/**/*.test.ts'],
          exclude: [PACKAGE],
          globalSetup: 'tests/support/buildLab.ts',
          pool: 'forks',
          // Most of a file's time is a single process at work.
          maxWorkers: 2,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'package',
          environment: 'node',
          include: [PACKAGE],
          globalSetup: 'tests/support/buildLab.ts',
          // It builds the runner anew, which the others run.
          sequence: { groupOrder: 1 },
        },
      },
      {
        plugins: [simd()],
        optimizeDeps: viteConfig.optimizeDeps,
        test: {
          name: 'numerics',
          include: ['tests/numerics/**/*.test.ts'],
          // SwiftShader takes its time.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: { executablePath, args: CHROMIUM_FLAGS } }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
