import type { Browser } from '@playwright/test';

/** Bytes of JavaScript in all workers of a browser, nested ones included, after a collection. */
export async function workerHeaps(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  /** By session and message. */
  const waiting = new Map<string, (result: unknown) => void>();
  session.on('Target.receivedMessageFromTarget', ({ sessionId, message }) => {
    const { id, result } = JSON.parse(message) as { readonly id?: number; readonly result?: unknown };
    waiting.get(`${sessionId} ${id}`)?.(result);
  });
  const ask = async (sessionId: string, id: number, method: string): Promise<unknown> => {
    const answer = new Promise<unknown>((resolve) => waiting.set(`${sessionId} ${id}`, resolve));
    await session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) });
    return answer;
  };
  const { targetInfos } = await session.send('Target.getTargets', { filter: [{ type: 'worker' }] });
  let bytes = 0;
  for (const { targetId } of targetInfos) {
    const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false });
    await ask(sessionId, 1, 'HeapProfiler.collectGarbage');
    const { usedSize } = (await ask(sessionId, 2, 'Runtime.getHeapUsage')) as { readonly usedSize: number };
    bytes += usedSize;
    await session.send('Target.detachFromTarget', { sessionId });
  }
  await session.detach();
  return bytes;
}
