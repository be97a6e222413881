/**
 * Preloaded into a runner and its processes: whichever process trains the run FATAL_RUN kills itself once it is to go
 * beyond the step FATAL_STEP, and so does the next in its place.
 */
let isMine = false;

// Whoever listens keeps its process alive: only a pool's own wait for messages anyway.
if (process.argv.includes('pool-worker')) {
  process.on('message', (/** @type {any} */ { order }) => {
    if (order?.kind === 'open') isMine = order.runs.includes(Number(process.env['FATAL_RUN']));
    if (isMine && order?.kind === 'advance' && order.until > Number(process.env['FATAL_STEP'])) {
      process.kill(process.pid, 'SIGKILL');
    }
  });
}
