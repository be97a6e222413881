import { builtRunner } from '../../scripts/builtRunner.mjs';

/** The command line is tested as people run it: bundled. */
export default async function setup(): Promise<void> {
  await builtRunner();
}
