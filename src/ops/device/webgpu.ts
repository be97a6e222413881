import * as tf from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { Kernel } from './kernel';

const WORKGROUP = 64;
/** Workgroups along x before the grid folds into y: WebGPU's guaranteed limit. */
const MAXIMUM_WORKGROUPS = 65535;

type Numbers = Readonly<Record<string, number>>;

/** The parts of tfjs' backend that we write through, so that its kernels and ours run in the order they were called. */
interface Internals {
  readonly device: GPUDevice;
  readonly tensorMap: { get(id: object): { values: unknown; resource: GPUBuffer } };
  readonly commandQueueOwnedIds: WeakSet<object>;
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  uploadToGPU(id: object): void;
}

interface Compiled {
  readonly layout: GPUBindGroupLayout;
  readonly pipeline: GPUComputePipeline;
}

/** What one device has compiled and uploaded for us. */
interface DeviceState {
  readonly compiled: Map<string, Compiled>;
  readonly attributes: Map<string, GPUBuffer>;
}

const states = new WeakMap<GPUDevice, DeviceState>();

function stateOf(device: GPUDevice): DeviceState {
  let state = states.get(device);
  if (!state) states.set(device, (state = { compiled: new Map(), attributes: new Map() }));
  return state;
}

const keyOf = ({ name, constants }: Kernel, numbers: Numbers): string =>
  `${name} ${constants.map((constant) => numbers[constant]).join(' ')}`;

function textOf({ inputs, outputs, constants, attributes, code }: Kernel, numbers: Numbers): string {
  const names = ['threads', ...attributes];
  const buffer = (access: string) => (entry: [string, string], binding: number) =>
    `@group(0) @binding(${binding}) var<storage, ${access}> ${entry[0]}: array<${entry[1]}>;`;
  const first = 1 + Object.keys(inputs).length;
  return [
    ...constants.map((name) => `const ${name}: i32 = ${numbers[name]};`),
    `struct Attributes { ${names.map((name) => `${name}: i32`).join(', ')} }`,
    '@group(0) @binding(0) var<uniform> attributes: Attributes;',
    ...Object.entries(inputs).map((entry, i) => buffer('read')(entry, i + 1)),
    ...Object.entries(outputs).map((entry, i) => buffer('read_write')(entry, i + first)),
    code,
    `@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let index = i32(id.x + id.y * groups.x * ${WORKGROUP}u);
  if (index < attributes.threads) {
    compute(index);
  }
}`,
  ].join('\n');
}

function describe(device: GPUDevice, kernel: Kernel, numbers: Numbers) {
  const buffer = (type: GPUBufferBindingType, binding: number): GPUBindGroupLayoutEntry => ({
    binding,
    visibility: GPUShaderStage.COMPUTE,
    buffer: { type },
  });
  const inputs = Object.keys(kernel.inputs).map(() => 'read-only-storage' as const);
  const outputs = Object.keys(kernel.outputs).map(() => 'storage' as const);
  const types: GPUBufferBindingType[] = ['uniform', ...inputs, ...outputs];
  const layout = device.createBindGroupLayout({ entries: types.map(buffer) });
  const descriptor: GPUComputePipelineDescriptor = {
    label: kernel.name,
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ label: kernel.name, code: textOf(kernel, numbers) }) },
  };
  return { layout, descriptor };
}

function compiled(device: GPUDevice, kernel: Kernel, numbers: Numbers): Compiled {
  const { compiled } = stateOf(device);
  const key = keyOf(kernel, numbers);
  const known = compiled.get(key);
  if (known) return known;
  const { layout, descriptor } = describe(device, kernel, numbers);
  const made = { layout, pipeline: device.createComputePipeline(descriptor) };
  compiled.set(key, made);
  return made;
}

/** What is being compiled ahead of time; null while kernels run. */
let ahead: Map<string, Promise<void>> | null = null;

/**
 * Compiles all kernels that `work` would launch, tfjs' among them, side by side; at their first launch each would make
 * the next one wait. Launches compute nothing meanwhile, so `work` must not read results.
 *
 * @returns a promise for each of our kernels that was not compiled yet, and one for all of tfjs'; none on other backends
 */
export function compileAhead(work: () => void): Promise<void>[] {
  if (tf.getBackend() !== 'webgpu') return [];
  const backend = tf.backend() as WebGPUBackend;
  ahead = new Map();
  tf.env().set('WEBGPU_ENGINE_COMPILE_ONLY', true);
  try {
    work();
    return [...ahead.values(), backend.checkCompileCompletionAsync()];
  } finally {
    ahead = null;
    tf.env().set('WEBGPU_ENGINE_COMPILE_ONLY', false);
  }
}

async function compileLater(device: GPUDevice, kernel: Kernel, numbers: Numbers): Promise<void> {
  const { layout, descriptor } = describe(device, kernel, numbers);
  const pipeline = await device.createComputePipelineAsync(descriptor);
  stateOf(device).compiled.set(keyOf(kernel, numbers), { layout, pipeline });
}

/** Attributes as a uniform buffer; equal ones share it, so a training step uploads none. */
function attributesBuffer(device: GPUDevice, values: readonly number[]): GPUBuffer {
  const { attributes } = stateOf(device);
  const key = values.join(' ');
  const known = attributes.get(key);
  if (known) return known;
  const size = Math.ceil(values.length / 4) * 16;
  const buffer = device.createBuffer({ size, usage: GPUBufferUsage.UNIFORM, mappedAtCreation: true });
  new Int32Array(buffer.getMappedRange()).set(values);
  buffer.unmap();
  attributes.set(key, buffer);
  return buffer;
}

export function launchOnGpu(kernel: Kernel, tensors: Readonly<Record<string, tf.Tensor>>, numbers: Numbers): void {
  const gpu = tf.backend() as unknown as Internals;
  if (ahead) {
    const key = keyOf(kernel, numbers);
    if (!ahead.has(key) && !stateOf(gpu.device).compiled.has(key)) {
      ahead.set(key, compileLater(gpu.device, kernel, numbers));
    }
    return;
  }
  const { layout, pipeline } = compiled(gpu.device, kernel, numbers);
  const sizes = Object.fromEntries(Object.entries(tensors).map(([name, { size }]) => [name, size]));
  const threads = kernel.threads(numbers, sizes);
  const values = [threads, ...kernel.attributes.map((name) => numbers[name]!)];
  const buffers = [...Object.keys(kernel.inputs), ...Object.keys(kernel.outputs)].map((name) => {
    const { dataId } = tensors[name]!;
    gpu.uploadToGPU(dataId);
    gpu.commandQueueOwnedIds.add(dataId);
    return gpu.tensorMap.get(dataId).resource;
  });
  // A copy that tfjs keeps from an earlier read-back would be out of date.
  for (const name of Object.keys(kernel.outputs)) gpu.tensorMap.get(tensors[name]!.dataId).values = null;
  const bindGroup = gpu.device.createBindGroup({
    layout,
    entries: [attributesBuffer(gpu.device, values), ...buffers].map((buffer, binding) => ({
      binding,
      resource: { buffer },
    })),
  });
  gpu.ensureCommandEncoderReady();
  const pass = (gpu.computePassEncoder ??= gpu.commandEncoder!.beginComputePass());
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  const workgroups = Math.ceil(threads / WORKGROUP);
  const across = Math.min(workgroups, MAXIMUM_WORKGROUPS);
  pass.dispatchWorkgroups(across, Math.ceil(workgroups / across));
  gpu.dispatchCountInPass++;
  if (gpu.dispatchCountInPass >= (tf.env().get('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE') as number)) {
    submitRecorded();
  }
}

/** Submits what is recorded and not submitted yet. */
export function submitRecorded(): void {
  const gpu = tf.backend() as unknown as Internals;
  if (gpu.commandEncoder === null) return;
  gpu.endComputePassEncoder();
  gpu.submitQueue();
}
