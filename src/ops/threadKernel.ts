import * as tf from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

type WebGPUProgram = Parameters<WebGPUBackend['runWebGPUProgram']>[0];

const WORKGROUP = 64;
/** Workgroups along x before the grid folds into y: WebGPU's guaranteed limit. */
const MAXIMUM_WORKGROUPS = 65535;

/**
 * A WGSL kernel without barriers: every thread computes its own part of the output from what it reads.
 * Barriers do not pay for the short rows of our tensors on a GPU, and they are slow on a software adapter.
 */
export interface ThreadKernel<A extends object> {
  /** Also the pipeline's cache key, so it must name everything that changes the text except shapes. */
  readonly name: string;
  readonly inputs: readonly string[];
  readonly dtype: 'float32' | 'int32';
  /** Integer attributes handed to the shader as `uniforms.<name>`. */
  readonly attributes?: readonly (keyof A & string)[];
  /**
   * WGSL with `fn compute(index: i32)`, called for index 0 … threads − 1. Inputs are arrays of their names, the output
   * is `result`; shapes are `uniforms.<input>Shape` and `uniforms.outShape`.
   */
  readonly code: string;
  shape(inputs: readonly (readonly number[])[], attributes: A): number[];
  /** One per output element where absent. */
  threads?(inputs: readonly (readonly number[])[], attributes: A): number;
}

export function registerThreadKernel<A extends object>(kernel: ThreadKernel<A>): void {
  const attributeNames = kernel.attributes ?? [];
  const userCode = `${kernel.code}
fn main(index: i32) {
  if (index < uniforms.threads) {
    compute(index);
  }
}`;
  tf.registerKernel({
    kernelName: kernel.name,
    backendName: 'webgpu',
    kernelFunc: ({ inputs, backend, attrs }) => {
      const infos = kernel.inputs.map((name) => inputs[name] as tf.TensorInfo);
      const attributes = attrs as unknown as A & Record<string, number>;
      const shapes = infos.map((info) => info.shape);
      const outputShape = kernel.shape(shapes, attributes);
      const threads = kernel.threads?.(shapes, attributes) ?? tf.util.sizeFromShape(outputShape);
      const workgroups = Math.ceil(threads / WORKGROUP);
      const x = Math.min(workgroups, MAXIMUM_WORKGROUPS);
      const program = {
        variableNames: [...kernel.inputs],
        outputShape,
        uniforms: ['threads', ...attributeNames].map((name) => `${name}: i32,`).join(' '),
        workgroupSize: [WORKGROUP, 1, 1],
        dispatchLayout: { x: outputShape.map((_, axis) => axis) },
        dispatch: [x, Math.ceil(workgroups / x), 1],
        shaderKey: kernel.name,
        getUserCode: () => userCode,
      };
      const values = [threads, ...attributeNames.map((name) => attributes[name]!)];
      return (backend as WebGPUBackend).runWebGPUProgram(
        program as unknown as WebGPUProgram,
        infos,
        kernel.dtype,
        values.map((value) => ({ type: 'int32', data: [value] })),
      );
    },
  });
}
