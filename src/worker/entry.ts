import { messageOf } from '../math/foreign';
import wasmPlain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import wasmSimd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import wasmThreaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import type { ExperimentConfig } from '../experiment/config/schema';
import { chooseBackend } from '../runtime/backends';
import { checkDevice } from '../training/checkDevice';
import { prepareTask } from '../training/prepareTask';
import { checkCheckpoint } from './checkCheckpoint';
import { checkpointLoader, optimumLoader } from './checkpoints';
import { holdLife } from './life';
import type { Command, ImportedCheckpoints, WorkerEvent } from './protocol';
import { Session } from './session';

const post = (event: WorkerEvent): void => self.postMessage(event);

/** A macrotask: lets messages from the page in between steps, without a timer's clamping. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

let session: Promise<Session | null> = Promise.resolve(null);

/** Chooses a backend, tells the page, and opens a session. */
async function open({ base, only }: Command & { type: 'open' }): Promise<Session> {
  const { info, reasons } = await chooseBackend({
    wasmPaths: {
      'tfjs-backend-wasm.wasm': wasmPlain,
      'tfjs-backend-wasm-simd.wasm': wasmSimd,
      'tfjs-backend-wasm-threaded-simd.wasm': wasmThreaded,
    },
    onLost: (message) => post({ type: 'lost', message: `The GPU stopped working (${message}).` }),
    onStage: (what) => post({ type: 'waiting', what }),
    ...(only ? { only } : {}),
  });
  const prepare = (config: ExperimentConfig, imported: ImportedCheckpoints) => {
    post({ type: 'waiting', what: 'checkpoint' in config.task ? 'the checkpoint' : 'the task' });
    return prepareTask(config, checkpointLoader(base, imported), optimumLoader(base, imported));
  };
  post({ type: 'ready', backend: info, reasons, life: await holdLife() });
  const common = { backend: info, prepare, now: () => performance.now(), breathe };
  if (info.name !== 'webgpu') return new Session({ ...common, post });
  return new Session({ ...common, post: afterLoss, check: checkDevice });
}

/** Milliseconds in which a GPU's loss is heard of. */
const LOSS_DELAY = 500;

/** A step on a lost GPU fails with words that help nobody, and often before the loss is told: that comes first then. */
function afterLoss(event: WorkerEvent): void {
  if (event.type === 'failed') setTimeout(() => post(event), LOSS_DELAY);
  else post(event);
}

// Commands that arrive during start-up wait for it, in order.
let last: Promise<void> = Promise.resolve();
self.onmessage = ({ data }: MessageEvent<Command>) => {
  if (data.type === 'open') {
    session = open(data).catch((error: unknown) => {
      post({ type: 'unavailable', message: messageOf(error) });
      return null;
    });
    return;
  }
  if (data.type === 'check') {
    const { ticket, bytes } = data;
    void checkCheckpoint(bytes).then((checked) => post({ type: 'check', ticket, checked }));
    return;
  }
  last = last
    .then(async () => (await session)?.handle(data))
    .catch((error: unknown) => post({ type: 'unavailable', message: `The worker failed (${messageOf(error)}).` }));
};
