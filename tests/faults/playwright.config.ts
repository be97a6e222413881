import { fileURLToPath } from 'node:url';
import { defineConfig, type PlaywrightTestConfig } from '@playwright/test';
import browserTests from '../../playwright.config';

/** Faults that are made for real, many times each; see docs/reliability.md. */
export default defineConfig({
  ...browserTests,
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: '../../test-results',
  // A fault at a time, so that no other test's load is what it meets.
  workers: 1,
  timeout: 3_600_000,
  // What never comes fails its try, not the hour.
  use: { ...browserTests.use, actionTimeout: 60_000 },
  webServer: {
    ...(browserTests.webServer as Exclude<PlaywrightTestConfig['webServer'], readonly unknown[] | undefined>),
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  },
  reporter: [['list'], ['./tableReporter.ts']],
});
