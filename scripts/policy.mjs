/** What the built page may do; in its HTML, and in the headers that a host sends, which bind the worker as well. */

/** 'unsafe-inline' for styles only: Plotly sets inline styles and adds a style sheet of its own. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  // Svelte's templates, our worker, and text without a tag that the tour's library sets.
  'trusted-types svelte-trusted-html pilaf-lab default',
].join('; ');

/** For every file. */
export const HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
};

/** As Netlify and Cloudflare Pages read them, from a file `_headers` in the folder that they serve. */
export const HEADERS_FILE = [
  '/*',
  ...Object.entries(HEADERS).map(([name, value]) => `  ${name}: ${value}`),
  '/assets/*',
  '  Cache-Control: public, max-age=31536000, immutable',
  '/serviceWorker.js',
  '  Cache-Control: no-cache',
  '',
].join('\n');
