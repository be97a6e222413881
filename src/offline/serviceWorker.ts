import { precacheAndRoute, type PrecacheEntry } from 'workbox-precaching';
import type { Refusal, SkipWaiting } from './messages';

declare const self: ServiceWorkerGlobalScope;

/** Every file of the build with its hash, put in when it is built: what does not fit its hash is not kept. */
declare const BUILT_FILES: PrecacheEntry[];

// What has come damaged out of what is kept is asked for anew, past every cache.
self.addEventListener('fetch', (event: FetchEvent) => {
  if (event.request.cache === 'reload' && event.request.mode !== 'navigate') event.stopImmediatePropagation();
});

// Whatever an address asks for, it is the one page that answers.
precacheAndRoute(BUILT_FILES, { ignoreURLParametersMatching: [/./] });

/** A new version takes over only where somebody wants it and no other tab has the old one, which may be racing. */
self.addEventListener('message', (event: ExtendableMessageEvent) => {
  if ((event.data as SkipWaiting | null)?.type !== 'SKIP_WAITING') return;
  const answer = async () => {
    const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
    const refusal: Refusal = { type: 'otherTabs', count: pages.length - 1 };
    if (pages.length > 1) event.source?.postMessage(refusal);
    else await self.skipWaiting();
  };
  event.waitUntil(answer());
});
