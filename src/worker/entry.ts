import wasmPlain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import wasmSimd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import wasmThreaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { PRESETS } from '../experiment/presets';
import type { ExperimentConfig } from '../experiment/schema';
import { chooseBackend } from '../runtime/backends';
import { measureSpeed } from '../runtime/calibrate';
import { prepareProblem, type CheckpointLoader, type OptimumLoader } from '../training/prepareProblem';
import { estimateSeconds } from '../training/estimate';
import type { Problem } from '../training/problem';
import type { Command, WorkerEvent } from './protocol';
import { Session } from './session';

const post = (event: WorkerEvent): void => self.postMessage(event);

/** Names of shipped checkpoints only: a config from a link must not make the page fetch anything else. */
const CHECKPOINT_NAME = /^[a-z][a-z0-9-]{0,39}$/;

/** Milliseconds that a checkpoint may take to arrive. */
const PATIENCE = 60_000;

/** Fetches from the folder of the page at `base`. */
function fetchShipped(base: string, name: string, ending: string): Promise<Response> {
  if (!CHECKPOINT_NAME.test(name)) {
    throw new Error('the page loads only the checkpoints that it ships, such as "reviews"');
  }
  return fetch(new URL(`checkpoints/${name}.${ending}`, base), { signal: AbortSignal.timeout(PATIENCE) });
}

const checkpointLoader =
  (base: string): CheckpointLoader =>
  async (name) => {
    const response = await fetchShipped(base, name, 'safetensors');
    if (!response.ok) throw new Error(`the page has no checkpoint of that name (status ${response.status})`);
    return new Uint8Array(await response.arrayBuffer());
  };

const optimumLoader =
  (base: string): OptimumLoader =>
  async (name) => {
    const response = await fetchShipped(base, name, 'optimum.json');
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`the page cannot fetch it (status ${response.status})`);
    return response.text();
  };

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
async function open(base: string, estimates: boolean): Promise<Session> {
  const { info, reasons } = await chooseBackend({
    wasmPaths: {
      'tfjs-backend-wasm.wasm': wasmPlain,
      'tfjs-backend-wasm-simd.wasm': wasmSimd,
      'tfjs-backend-wasm-threaded-simd.wasm': wasmThreaded,
    },
    onLost: (message) => void failGpu(message),
  });
  const [load, loadOptimum] = [checkpointLoader(base), optimumLoader(base)];
  const prepare = (config: ExperimentConfig) => prepareProblem(config, load, loadOptimum);
  post({ type: 'ready', backend: info, reasons });
  if (estimates) void estimatePresets(prepare);
  return new Session({ backend: info, post, prepare, now: () => performance.now(), breathe });
}

/** What runs on a GPU that has failed would go on as wrong numbers. */
async function failGpu(message: string): Promise<void> {
  const text = `The GPU stopped working (${message}). Reload the page to go on.`;
  (await session)?.fail(text);
  post({ type: 'unavailable', message: text });
}

/** Beside the page's first moments, not before them: the checkpoint comes over the network. */
async function estimatePresets(prepare: (config: ExperimentConfig) => Promise<Problem>): Promise<void> {
  const speed = await measureSpeed();
  const estimates: Record<string, number> = {};
  for (const { id, config } of PRESETS) {
    // A preset whose checkpoint is broken must not keep the others from running; its own start will say why.
    const problem = await prepare(config).catch(() => null);
    if (problem) estimates[id] = estimateSeconds(config, problem, speed);
  }
  post({ type: 'estimates', estimates });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

// Commands that arrive during start-up wait for it, in order.
let last: Promise<void> = Promise.resolve();
self.onmessage = ({ data }: MessageEvent<Command>) => {
  if (data.type === 'open') {
    session = open(data.base, data.estimates).catch((error: unknown) => {
      post({ type: 'unavailable', message: messageOf(error) });
      return null;
    });
    return;
  }
  last = last
    .then(async () => (await session)?.handle(data))
    .catch((error: unknown) => post({ type: 'unavailable', message: `The worker failed (${messageOf(error)}).` }));
};
