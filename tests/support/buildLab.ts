import { build } from 'vite';

/** The command line is tested as people run it: bundled. */
export default async function setup(): Promise<void> {
  await build({ configFile: 'vite.lab.config.ts', logLevel: 'error' });
}
