import { existsSync, readdirSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';
import { shipped } from './scripts/shippedPlugin.mjs';
import { simd } from './scripts/simdPlugin.mjs';

/** 'unsafe-inline' for styles only: Plotly sets inline styles and adds a style sheet of its own. */
const CONTENT_SECURITY_POLICY = [
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
  'trusted-types svelte-trusted-html pilaf-lab default',
].join('; ');

/** Only in the build: the development server's hot reload needs inline scripts. */
function contentSecurityPolicy(): Plugin {
  return {
    name: 'content-security-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: CONTENT_SECURITY_POLICY },
        injectTo: 'head-prepend',
      },
    ],
  };
}

/** Presets whose results the page ships: it asks for no others. */
const RECORDED = existsSync('public/recorded')
  ? readdirSync('public/recorded').map((file) => file.replace(/[.]json$/, ''))
  : [];

export default defineConfig({
  define: { 'import.meta.env.VITE_RECORDED': JSON.stringify(RECORDED.join(' ')) },
  // Relative addresses: the built folder works under any sub-path.
  base: './',
  // An address that does not exist is a 404, not the page once more.
  appType: 'mpa',
  plugins: [svelte(), contentSecurityPolicy(), simd(), shipped()],
  server: { port: 5173, open: false },
  optimizeDeps: {
    // The scanner starts at index.html and does not follow workers; a dependency found late would reload the page.
    entries: ['index.html', 'src/worker/entry.ts'],
    include: [
      '@tensorflow/tfjs-core',
      '@tensorflow/tfjs-core/dist/register_all_gradients',
      '@tensorflow/tfjs-backend-cpu',
      '@tensorflow/tfjs-backend-wasm',
      '@tensorflow/tfjs-backend-webgpu',
      'plotly.js-basic-dist-min',
    ],
  },
  worker: { format: 'es', plugins: () => [simd()] },
  build: {
    target: 'es2022',
    // No inlined data: files — the policy above refuses them for anything but images.
    assetsInlineLimit: 0,
    // tfjs in the worker and the lazily loaded Plotly are large and known.
    chunkSizeWarningLimit: 2000,
  },
});
