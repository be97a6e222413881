import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

type WebGPUProgram = Parameters<WebGPUBackend['runWebGPUProgram']>[0];

/** Workgroups along x before the grid folds into y: WebGPU's guaranteed limit. */
const MAXIMUM_WORKGROUPS = 65535;

export interface ProgramOptions {
  /** Also the pipeline's cache key: it must name everything that changes the text except shapes. */
  readonly name: string;
  readonly inputs: readonly string[];
  /** Extra uniforms in WGSL, `a: i32, b: f32,`; empty where none. */
  readonly uniforms?: string;
  readonly outputShape: readonly number[];
  readonly workgroups: number;
  readonly workgroupSize: number;
  /** WGSL with `fn main(index: i32)`, index = global thread number; `localId` and `uniforms` are in scope. */
  readonly code: string;
}

/** A tfjs program that runs a fixed number of workgroups, as our kernels want it. */
export function rowProgram(options: ProgramOptions): WebGPUProgram {
  const x = Math.min(options.workgroups, MAXIMUM_WORKGROUPS);
  const program = {
    variableNames: [...options.inputs],
    outputShape: [...options.outputShape],
    uniforms: options.uniforms ?? '',
    workgroupSize: [options.workgroupSize, 1, 1] as [number, number, number],
    dispatchLayout: { x: options.outputShape.map((_, axis) => axis) },
    dispatch: [x, Math.ceil(options.workgroups / x), 1] as [number, number, number],
    shaderKey: options.name,
    getUserCode: () => options.code,
  };
  return program as unknown as WebGPUProgram;
}
