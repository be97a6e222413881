/** Starts the built runner, .lab/lab.mjs, where Dawn finds a driver. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { softwareVulkan } from './vulkan.mjs';

const runner = fileURLToPath(new URL('../.lab/lab.mjs', import.meta.url));
const child = spawn(process.execPath, ['--enable-source-maps', runner, ...process.argv.slice(2)], {
  // Through the fourth the runner hears that this process is gone, however it went.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: { ...process.env, ...softwareVulkan() },
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = signal ? 130 : (code ?? 1);
});
