/** Page → waiting service worker, as workbox-window sends it. */
export interface SkipWaiting {
  readonly type: 'SKIP_WAITING';
}

/** Its answer where it does not take over: so many other tabs have this page. */
export interface Refusal {
  readonly type: 'otherTabs';
  readonly count: number;
}
