/**
 * For `node --import`: the program's GPU device is destroyed at its submit of number LOSE_AT; where LOSE_GPU is "all", the
 * pool's processes, which would go on, get no device.
 */
const { LOSE_GPU: which, LOSE_AT: at } = process.env;
const isWorker = process.argv.includes('pool-worker');

Object.defineProperty(globalThis, 'GPUAdapter', {
  configurable: true,
  set(Adapter) {
    Object.defineProperty(globalThis, 'GPUAdapter', { value: Adapter, writable: true, configurable: true });
    const request = Adapter.prototype.requestDevice;
    Adapter.prototype.requestDevice = async function (...given) {
      if (isWorker && which === 'all') throw new Error('the driver gives no device');
      const device = await request.apply(this, given);
      if (!isWorker) loseAt(device, Number(at));
      return device;
    };
  },
});

function loseAt(device, number) {
  const prototype = Object.getPrototypeOf(device.queue);
  const { submit } = prototype;
  let submits = 0;
  prototype.submit = function (...given) {
    if (++submits === number) device.destroy();
    return submit.apply(this, given);
  };
}
