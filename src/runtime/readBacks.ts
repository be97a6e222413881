import { messageOf } from '../math/foreign';
import { within } from './within';

/** Seconds that a GPU may take to answer. Browsers end a driver that computes for about ten; software takes longer. */
const PATIENCE = 120;

/** Has a device's read-backs that do not come reported: whoever waits for one would wait for ever. */
export function watchReadBacks(device: GPUDevice, report: (message: string) => void): void {
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    if ((descriptor.usage & GPUBufferUsage.MAP_READ) === 0) return buffer;
    const map = buffer.mapAsync.bind(buffer);
    buffer.mapAsync = async (...given) => {
      const mapped = map(...given);
      // One that fails has a reason of its own.
      const settled = mapped.catch(() => undefined);
      await within(PATIENCE, 'an answer of the GPU', settled).catch((error: unknown) => {
        report(messageOf(error));
        throw error;
      });
      return mapped;
    };
    return buffer;
  };
}
