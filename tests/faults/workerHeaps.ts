import type { Browser } from '@playwright/test';
import { TAKE } from './heap';

/** What comes from a worker: an answer, or a part of its snapshot. */
interface Message {
  readonly id?: number;
  readonly params?: { readonly chunk?: string };
}

/** Snapshots of the heaps of all workers of a browser, nested ones included. Playwright has no sessions for workers. */
export async function workerSnapshots(browser: Browser): Promise<readonly string[]> {
  const session = await browser.newBrowserCDPSession();
  const { targetInfos } = await session.send('Target.getTargets', { filter: [{ type: 'worker' }] });
  const snapshots: string[] = [];
  for (const { targetId } of targetInfos) {
    const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false });
    const snapshot = new Promise<string>((resolve) => {
      const chunks: string[] = [];
      session.on('Target.receivedMessageFromTarget', (received) => {
        if (received.sessionId !== sessionId) return;
        const { id, params } = JSON.parse(received.message) as Message;
        if (params?.chunk !== undefined) chunks.push(params.chunk);
        if (id === 1) resolve(chunks.join(''));
      });
    });
    const message = JSON.stringify({ id: 1, method: TAKE, params: { reportProgress: false } });
    await session.send('Target.sendMessageToTarget', { sessionId, message });
    snapshots.push(await snapshot);
    await session.send('Target.detachFromTarget', { sessionId });
  }
  await session.detach();
  return snapshots;
}
