#!/usr/bin/env node
/** `npm run lab` and `npx pilaf-lab`: starts the runner where Dawn finds a driver, built if its sources have changed. */
import { spawn } from 'node:child_process';
import { builtRunner } from './builtRunner.mjs';
import { softwareVulkan } from './vulkan.mjs';

const flags = [
  // Reading the map takes as long as many a command.
  ...(process.env['LAB_TRACE'] ? ['--enable-source-maps'] : []),
  // Newer ones have it without being asked.
  ...(process.versions.node.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : []),
];
const child = spawn(process.execPath, [...flags, await builtRunner(), ...process.argv.slice(2)], {
  // Through the fourth the runner hears that this process is gone, however it went.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: { ...process.env, ...(await softwareVulkan()) },
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  const isOurs = ['SIGINT', 'SIGTERM', 'SIGHUP'].includes(signal ?? '');
  if (signal && !isOurs) {
    console.error(`The runner was ended by ${signal}. What was saved is kept: resume, or --resume, goes on with it.`);
  }
  process.exitCode = isOurs ? 130 : (code ?? 1);
});
