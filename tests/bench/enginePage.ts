/** The engine's measurements in a page, on WebGPU; engineBrowser.mjs calls them. */
import { version_core } from '@tensorflow/tfjs-core';
import { chooseBackend } from '../../src/runtime/backends';
import { installCounters } from './counters';
import { Engine, type CellReport, type CellRequest } from './engine';

export interface EnginePage {
  start(): Promise<{ adapter: string | null; tfjs: string }>;
  measure(cell: CellRequest): Promise<CellReport>;
}

const gpu = installCounters();
const engine = new Engine({ memory: gpu, gpu });

let fail: (error: Error) => void;
const lost = new Promise<never>((_, reject) => (fail = reject));
lost.catch(() => undefined); // Whoever measures hears of it.

const page: EnginePage = {
  async start() {
    const onLost = (message: string) => fail(new Error(`The GPU stopped working: ${message}`));
    const { info } = await chooseBackend({ wasmPaths: {}, only: 'webgpu', onLost });
    return { adapter: info.adapter, tfjs: version_core };
  },
  measure: (cell) => Promise.race([engine.measure(cell), lost]),
};
Object.assign(window, { pilafEngine: page });
