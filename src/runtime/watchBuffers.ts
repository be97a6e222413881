import { messageOf } from '../math/foreign';
import { inTime } from './deadline';

/** Seconds that a GPU may take to answer. Browsers end a driver that computes for about ten; software takes longer. */
const PATIENCE = 120;

/**
 * Has it reported where a device refuses a buffer's memory, and where a read-back does not come: whoever waits for that
 * would wait for ever.
 */
export function watchBuffers(device: GPUDevice, report: (message: string) => void): void {
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = created(descriptor);
    if ((descriptor.usage & GPUBufferUsage.MAP_READ) === 0) return buffer;
    const map = buffer.mapAsync.bind(buffer);
    buffer.mapAsync = async (...given) => {
      const mapped = map(...given);
      // One that fails has a reason of its own.
      const settled = mapped.catch(() => undefined);
      await inTime(PATIENCE, 'an answer of the GPU', settled).catch((error: unknown) => {
        report(messageOf(error));
        throw error;
      });
      return mapped;
    };
    return buffer;
  };

  function created(descriptor: GPUBufferDescriptor): GPUBuffer {
    try {
      return create(descriptor);
    } catch (error) {
      report(`it refuses memory: ${messageOf(error)}`);
      throw error;
    }
  }
}
