import { messageOf } from '../math/foreign';
import wasmPlain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import wasmSimd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import type { ExperimentConfig } from '../experiment/config/schema';
import { Executor } from '../run/executor';
import { inParts } from '../run/inParts';
import type { ImportedCheckpoints } from '../run/orders';
import { Pool } from '../run/pool';
import { chooseBackend } from '../runtime/backends';
import { heldBytes, releaseSpare } from '../runtime/memory';
import { LOSS_DELAY } from '../runtime/webgpu';
import { GPU_CHECK } from '../training/checkDevice';
import { prepareTask } from '../training/prepareTask';
import { WrongNumbers } from '../training/wrongNumbers';
import { checkCheckpoint } from './checkCheckpoint';
import { checkpointLoader, optimumLoader } from './checkpoints';
import { holdLife } from './life';
import { buffersOf } from './buffers';
import { WebPoolWorker, type PoolThread } from './poolWorker';
import type { Command, Opening, PoolCommand, PoolEvent, WorkerEvent } from './protocol';
import { Session } from './session';
import { fetchShipped } from './shipped';
import { trustedScript } from './trusted';

const post = (event: WorkerEvent | PoolEvent, buffers: ArrayBuffer[] = []): void => self.postMessage(event, buffers);

/** One channel for all: a browser gives what belongs to a channel back only when it collects garbage. */
const { port1: here, port2: there } = new MessageChannel();
const breaths: (() => void)[] = [];
here.onmessage = () => breaths.shift()?.();

/** A macrotask: lets messages from the page in between steps, without a timer's clamping. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    breaths.push(resolve);
    there.postMessage(null);
  });
}

/** What this worker does, once it is open: it leads the page's races, or it is one of a pool's workers. */
interface Opened {
  readonly session: Session;
  readonly executor: Executor;
  readonly tell: (event: WorkerEvent | PoolEvent) => void;
}

let opened: Promise<Opened | null> = Promise.resolve(null);

/** Where the module of WebAssembly is. tfjs asks for a form of several threads too, which is never used. */
const WASM_PATHS: Readonly<Record<string, string>> = {
  'tfjs-backend-wasm.wasm': wasmPlain,
  'tfjs-backend-wasm-simd.wasm': wasmSimd,
  'tfjs-backend-wasm-threaded-simd.wasm': wasmSimd,
};

async function fetchWasm(name: string): Promise<ArrayBuffer> {
  const bytes = await fetchShipped(WASM_PATHS[name]!, name);
  if (!bytes) throw new Error(`${name} is not where it belongs`);
  return bytes;
}

/** Chooses a backend, tells the page, and opens a session. */
async function open({ base, only, isTested = false, workers }: Opening): Promise<Opened> {
  const { info, reasons } = await chooseBackend({
    wasmPaths: WASM_PATHS,
    fetchWasm,
    onLost: (message) => post({ type: 'lost', message: `The GPU stopped working (${message.replace(/[.]$/, '')}).` }),
    onStage: (what) => post({ type: 'waiting', what }),
    isTested,
    ...(only ? { only } : {}),
  });
  const prepare = (config: ExperimentConfig, imported: ImportedCheckpoints) => {
    post({ type: 'waiting', what: 'checkpoint' in config.task ? 'the checkpoint' : 'the task' });
    const onProgress = (bytes: number, all: number | null) =>
      post({
        type: 'waiting',
        what: `the checkpoint, ${megabytes(bytes)}${all === null ? '' : ` of ${megabytes(all)}`}`,
      });
    return prepareTask(config, checkpointLoader(base, imported, onProgress), optimumLoader(base, imported));
  };
  post({ type: 'ready', backend: info, reasons, life: await holdLife() });
  const isGpu = info.name === 'webgpu';
  const tell = isGpu ? afterLoss : post;
  const now = () => performance.now();
  const check = isGpu ? GPU_CHECK : undefined;
  const common = { backend: info, prepare, now, breathe, check, memory: heldBytes, release: releaseSpare };
  const pool = new Pool((name) => new WebPoolWorker(base, name, true, createSibling), info.name);
  const spread = (checkpoints: ImportedCheckpoints) =>
    inParts({ pool, backend: info.name, asked: workers, cores: usableCores(), checkpoints, now });
  return {
    session: new Session({ ...common, post: tell, spread }),
    executor: new Executor(common),
    tell,
  };
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** The page has one of its own, where there are more than two. */
const usableCores = (): number => {
  const cores = navigator.hardwareConcurrency;
  return cores > 2 ? cores - 1 : cores;
};

const createSibling = (): PoolThread => new Worker(trustedScript(self.location.href), { type: 'module' });

/** A step on a lost GPU fails with words that help nobody, and often before the loss is told: that comes first then. */
function afterLoss(event: WorkerEvent | PoolEvent): void {
  if (['failed', 'broken', 'wrong'].includes(event.type)) setTimeout(() => post(event), LOSS_DELAY);
  else post(event);
}

const unavailable = (error: unknown): void =>
  post({ type: 'unavailable', message: `The worker failed (${messageOf(error)}).` });

async function carryOut({ order }: PoolCommand & { type: 'order' }): Promise<void> {
  const { executor, tell } = (await opened)!;
  try {
    const outcome = await executor.execute(order, (note) => post({ type: 'note', note }));
    post({ type: 'outcome', outcome }, buffersOf(outcome));
  } catch (error) {
    tell({ type: 'broken', message: messageOf(error), isWrong: error instanceof WrongNumbers });
  }
}

/** Where the page lives. */
let base = '';

async function takeOut({ ticket, config, checkpoints }: Command & { type: 'takeout' }): Promise<void> {
  const taken = await import('./takeoutZip')
    .then(({ takeoutZip }) => takeoutZip(config, checkpointLoader(base, checkpoints)))
    .catch((error: unknown) => ({ ok: false as const, problem: messageOf(error) }));
  post({ type: 'takeout', ticket, taken });
}

// Commands that arrive during start-up wait for it, in order.
let last: Promise<void> = Promise.resolve();
self.onmessage = ({ data }: MessageEvent<Command | PoolCommand>) => {
  switch (data.type) {
    case 'open':
      base = data.base;
      opened = open(data).catch((error: unknown) => {
        post({ type: 'unavailable', message: messageOf(error) });
        return null;
      });
      return;
    case 'check': {
      const { ticket, files, task } = data;
      void checkCheckpoint(files, task).then((checked) => post({ type: 'check', ticket, checked }));
      return;
    }
    case 'takeout':
      void takeOut(data);
      return;
    case 'order':
      void carryOut(data).catch(unavailable);
      return;
    case 'halt':
      void opened.then((found) => found?.executor.halt());
      return;
    default:
      last = last.then(async () => (await opened)?.session.handle(data)).catch(unavailable);
  }
};
