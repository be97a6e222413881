import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** A small tree of sources, cruised once with the project's rules: what each file breaks, if anything. */
const script = (source: string): string => `<script lang="ts">\n${source}\n</script>\n`;
const EMPTY = 'export const x = 1;\nexport type X = number;\n';

const SOURCES: Record<string, { readonly text: string; readonly broken?: readonly string[] }> = {
  // What stands to be imported.
  'math/a.ts': { text: EMPTY },
  'experiment/a.ts': { text: EMPTY },
  'training/a.ts': { text: EMPTY },
  'training/reports.ts': { text: EMPTY },
  'reference/a.ts': { text: EMPTY },
  'worker/protocol.ts': { text: EMPTY },
  'run/pool.ts': { text: EMPTY },
  'run/runner.ts': { text: EMPTY },
  'worker/session.ts': { text: EMPTY },

  // Allowed.
  'experiment/valid.ts': { text: `import 'valibot';` },
  'tasks/valid.ts': { text: `import '../math/a';\nimport '../experiment/a';` },
  'ops/valid.ts': { text: `import '@tensorflow/tfjs-core';\nimport '@tensorflow/tfjs-backend-webgpu';` },
  'cli/valid.ts': { text: `import 'node:fs';\nimport 'webgpu';\nimport '../training/a';` },
  'charts/valid.ts': { text: `import type { Layout } from 'plotly.js';\nexport type L = Layout;` },
  'views/Valid.svelte': {
    text: script(
      `import { x } from '../worker/protocol';\nimport type { X } from '../training/reports';\nconst y: X = x;\nvoid y;`,
    ),
  },
  'views/kit/Plot.svelte': { text: script(`const load = () => import('plotly.js-basic-dist-min');\nvoid load;`) },

  // Forbidden.
  'math/imports.ts': { text: `import '../experiment/a';`, broken: ['math-imports'] },
  'math/package.ts': { text: `import 'valibot';`, broken: ['math-imports'] },
  'experiment/types.ts': {
    text: `import type { X } from '../training/a';\nexport type Y = X;`,
    broken: ['experiment-imports'],
  },
  'experiment/tfjs.ts': { text: `import '@tensorflow/tfjs-core';`, broken: ['experiment-imports'] },
  'tasks/up.ts': { text: `import '../training/a';`, broken: ['tasks-imports'] },
  'theory/up.ts': { text: `import '../training/a';`, broken: ['theory-imports'] },
  'ops/up.ts': { text: `import '../experiment/a';`, broken: ['ops-imports'] },
  'policy/up.ts': { text: `import '../training/a';`, broken: ['policy-imports'] },
  'training/ahead.ts': { text: `import '../reference/a';`, broken: ['training-imports'] },
  'training/up.ts': { text: `import '../worker/protocol';`, broken: ['training-imports'] },
  'runtime/up.ts': { text: `import '../training/a';`, broken: ['runtime-imports'] },
  'run/tfjs.ts': { text: `import '@tensorflow/tfjs-core';`, broken: ['run-imports'] },
  'run/up.ts': { text: `import '../worker/protocol';`, broken: ['run-imports'] },
  'worker/tfjs.ts': { text: `import '@tensorflow/tfjs-core';`, broken: ['worker-imports'] },
  'charts/engine.ts': { text: `import '../training/a';`, broken: ['charts-imports'] },
  'charts/plotly.ts': { text: `import 'plotly.js-basic-dist-min';`, broken: ['plotly-in-one-component'] },
  'cli/views.ts': { text: `import '../views/Valid.svelte';`, broken: ['cli-imports'] },
  'cli/tfjs.ts': { text: `import '@tensorflow/tfjs-core';`, broken: ['cli-imports'] },
  'views/Engine.svelte': {
    text: script(`import { x } from '../training/a';\nvoid x;`),
    broken: ['views-imports', 'views-take-report-types-only'],
  },
  'views/Session.svelte': {
    text: script(`import { x } from '../worker/session';\nvoid x;`),
    broken: ['views-imports'],
  },
  'views/pool.ts': { text: `import '../run/pool';` },
  'views/runner.ts': { text: `import '../run/runner';`, broken: ['views-imports'] },
  'views/reports.ts': {
    text: `import { x } from '../training/reports';\nvoid x;`,
    broken: ['views-take-report-types-only'],
  },
  'views/Curve.svelte': { text: script(`import 'plotly.js-basic-dist-min';`), broken: ['plotly-in-one-component'] },
  'views/tfjs.ts': { text: `import '@tensorflow/tfjs-core';`, broken: ['views-imports'] },
  'views/node.ts': { text: `import 'node:fs';`, broken: ['views-imports'] },
  'attic/a.ts': { text: `import '../math/a';`, broken: ['rooms-are-listed'] },
  'main.ts': { text: `import './training/a';`, broken: ['main-mounts-views'] },
  'charts/first.ts': { text: `import './second';`, broken: ['no-cycles'] },
  // A cycle is reported once.
  'charts/second.ts': { text: `import './first';` },
};

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

const folder = mkdtempSync(join(tmpdir(), 'pilaf-lab-layers-'));
const violations = new Map<string, string[]>();

beforeAll(() => {
  const project = resolve(import.meta.dirname, '../..');
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const [path, { text }] of Object.entries(SOURCES)) {
    mkdirSync(join(folder, 'src', dirname(path)), { recursive: true });
    writeFileSync(join(folder, 'src', path), text);
  }
  const cruiser = join(project, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const rules = join(project, '.dependency-cruiser.cjs');
  const output = execFileSync(process.execPath, [cruiser, '--config', rules, '--output-type', 'json', 'src'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const { summary } = JSON.parse(output) as { summary: { violations: Violation[] } };
  for (const { from, rule } of summary.violations) {
    const path = from.replace(/^src\//, '');
    violations.set(path, [...(violations.get(path) ?? []), rule.name].sort());
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(Object.entries(SOURCES))('%s', (path, { broken = [] }) => {
  expect(violations.get(path) ?? []).toEqual(broken);
});
