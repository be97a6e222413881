/**
 * Preloaded into a runner and its processes: whichever process trains the run FATAL_RUN kills itself once it is to go
 * beyond the step FATAL_STEP, and so does the next in its place; and whichever is to run a sweep's cell of the β FATAL_BETA.
 */
let isMine = false;

// Whoever listens keeps its process alive: only a pool's own wait for messages anyway.
if (process.argv.includes('pool-worker')) {
  process.on('message', (/** @type {any} */ { order }) => {
    const isFatal = order?.kind === 'cell' && order.config.beta === Number(process.env['FATAL_BETA']);
    if (isFatal) process.kill(process.pid, 'SIGKILL');
    if (order?.kind === 'open') isMine = order.runs.includes(Number(process.env['FATAL_RUN']));
    if (isMine && order?.kind === 'advance' && order.until > Number(process.env['FATAL_STEP'])) {
      process.kill(process.pid, 'SIGKILL');
    }
  });
}
