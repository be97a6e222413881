import { afterEach, describe, expect, it, vi } from 'vitest';
import { nudgeReadBacks, nudgeWhile } from '../../src/runtime/nudge';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0';
const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';

afterEach(() => vi.unstubAllGlobals());

/** A device that looks whether it has finished only when something is submitted, and needs so many looks. */
function lazyDevice(looks: number) {
  let [submits, tell] = [0, (): void => undefined];
  class Buffer {
    mapAsync(): Promise<undefined> {
      return new Promise((resolve) => (tell = () => resolve(undefined)));
    }
  }
  vi.stubGlobal('GPUBuffer', Buffer);
  const submit = () => {
    if (++submits >= looks) tell();
  };
  const device = { queue: { submit } } as unknown as GPUDevice;
  return { device, map: () => new Buffer().mapAsync(), submits: () => submits };
}

describe('a read-back', () => {
  it('is nudged in Firefox until it is there, and no longer', async () => {
    const { device, map, submits } = lazyDevice(3);
    nudgeReadBacks(device, FIREFOX);
    await map();
    expect(submits()).toBe(3);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(submits()).toBe(3);
  });

  it('is left alone elsewhere', () => {
    const { device, map, submits } = lazyDevice(1);
    nudgeReadBacks(device, CHROME);
    void map();
    expect(submits()).toBe(0);
  });

  it('that fails says so, and is not nudged any more', async () => {
    let nudges = 0;
    await expect(nudgeWhile(Promise.reject(new Error('lost')), () => nudges++)).rejects.toThrow('lost');
    const before = nudges;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(nudges).toBe(before);
  });
});
