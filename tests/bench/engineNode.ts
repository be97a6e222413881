/** The engine's measurements in Node, with WebAssembly or with Dawn; engineChild.mjs starts it and hears of every cell. */
import { version_core } from '@tensorflow/tfjs-core';
import { globals } from 'webgpu';
import { startBackend } from '../../src/cli/nodeRuntime';
import { installCounters } from './counters';
import { installHeapCounter } from './heapCounter';
import { Engine, type CellReport, type CellRequest } from './engine';

type Message =
  | { readonly type: 'started'; readonly adapter: string | null; readonly tfjs: string }
  | { readonly type: 'cell'; readonly request: CellRequest; readonly report: CellReport };

const send = (message: Message) => process.send!(message);

const { backend: name, cells } = JSON.parse(process.argv[2]!) as {
  backend: 'wasm' | 'webgpu';
  cells: readonly CellRequest[];
};
// Its classes are counted before the backend makes a device of them.
if (name === 'webgpu') Object.assign(globalThis, globals);
const gpu = name === 'webgpu' ? installCounters() : null;
const backend = await startBackend(name);
send({ type: 'started', adapter: backend.info.adapter, tfjs: version_core });
const engine = new Engine({ memory: gpu ?? installHeapCounter(), gpu });
for (const request of cells) {
  send({ type: 'cell', request, report: await Promise.race([engine.measure(request), backend.lost]) });
}
backend.release();
process.disconnect();
