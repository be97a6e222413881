import { existsSync, readdirSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';
import { licences } from './scripts/licencesPlugin.mjs';
import { CONTENT_SECURITY_POLICY, HEADERS, HEADERS_FILE } from './scripts/policy.mjs';
import { shipped } from './scripts/shippedPlugin.mjs';
import { simd } from './scripts/simdPlugin.mjs';

/** Only in the build: the development server's hot reload needs inline scripts. */
function contentSecurityPolicy(): Plugin {
  return {
    name: 'content-security-policy',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: '_headers', source: HEADERS_FILE });
    },
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

/** Of all code of others that the page ships. */
const LICENCES = licences('licences.txt');

export default defineConfig({
  define: { 'import.meta.env.VITE_RECORDED': JSON.stringify(RECORDED.join(' ')) },
  // Relative addresses: the built folder works under any sub-path.
  base: './',
  // An address that does not exist is a 404, not the page once more.
  appType: 'mpa',
  plugins: [svelte(), contentSecurityPolicy(), simd(), LICENCES.page, shipped(LICENCES.worker)],
  server: { port: 5173, open: false },
  // As a host that can: the worker then has the page's policy.
  preview: { headers: HEADERS },
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
  worker: { format: 'es', plugins: () => [simd(), LICENCES.worker] },
  build: {
    target: 'es2022',
    // No inlined data: files — the policy above refuses them for anything but images.
    assetsInlineLimit: 0,
    // tfjs in the worker and the lazily loaded Plotly are large and known.
    chunkSizeWarningLimit: 2000,
  },
});
