import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** @typedef {{ name: string, version: string, licence: string, texts: string[] }} Package */

const BSD = `Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following
   disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
   disclaimer in the documentation and/or other materials provided with the distribution.

3. Neither the name of the copyright holder nor the names of its contributors may be used to endorse or promote products
   derived from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES;
LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN
CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS
SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.`;

/**
 * What lies in the binaries of packages, whose own licence files do not name it.
 *
 * @type {readonly (Package & { inside: string })[]}
 */
const INSIDE = [
  {
    inside: '@tensorflow/tfjs-backend-wasm',
    name: 'XNNPACK, in @tensorflow/tfjs-backend-wasm',
    version: '',
    licence: 'BSD-3-Clause',
    texts: ['Copyright (c) Facebook, Inc. and its affiliates. All rights reserved.\nCopyright 2019 Google LLC', BSD],
  },
  {
    inside: '@tensorflow/tfjs-backend-wasm',
    name: 'Emscripten and musl, in @tensorflow/tfjs-backend-wasm',
    version: '',
    licence: 'MIT',
    texts: [],
  },
];

/**
 * The package that a module is of.
 *
 * @param {string} id
 */
function packageOf(id) {
  let folder = dirname(id);
  while (dirname(folder) !== folder) {
    const path = join(folder, 'package.json');
    /** @type {{ name?: string, version?: string, license?: string }} */
    const { name, version, license } = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
    // Folders within a package may have a package.json of their own, without a version.
    if (name !== undefined && version !== undefined) {
      const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
      const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
      return { name, version, licence: license ?? 'not named', texts };
    }
    folder = dirname(folder);
  }
  throw new Error(`${id} is of no package`);
}

/**
 * All code of others that the build ships, with its licences, in one file. What comes from the worker's build and the
 * page's is put together: give them the plugins of one call.
 *
 * @param {string} fileName in the build
 * @returns {{ page: import('vite').Plugin, worker: import('vite').Plugin }}
 */
export function licences(fileName) {
  /** @type {Map<string, Package>} */
  const found = new Map();
  let folder = '';
  /** @param {import('vite').Rolldown.OutputBundle} bundle */
  const collect = (bundle) => {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      for (const id of chunk.moduleIds) {
        if (id.startsWith('\0') || !id.includes('/node_modules/')) continue;
        const entry = packageOf(id.replace(/\?.*$/, ''));
        found.set(`${entry.name} ${entry.version}`, entry);
        for (const part of INSIDE) if (part.inside === entry.name) found.set(part.name, part);
      }
    }
  };
  return {
    worker: {
      name: 'licences-of-the-worker',
      apply: 'build',
      generateBundle: (_options, bundle) => collect(bundle),
    },
    page: {
      name: 'licences',
      apply: 'build',
      configResolved(config) {
        folder = resolve(config.root, config.build.outDir);
      },
      generateBundle: (_options, bundle) => collect(bundle),
      // After the service worker, which is built last.
      closeBundle: {
        order: 'post',
        sequential: true,
        handler() {
          const sections = [...found]
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([title, { licence, texts }]) => {
              const text = texts.length > 0 ? texts : [`https://spdx.org/licenses/${licence}.html`];
              return [`${title} (${licence})`, ...text].join('\n\n');
            });
          writeFileSync(join(folder, fileName), `${sections.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`);
        },
      },
    },
  };
}
