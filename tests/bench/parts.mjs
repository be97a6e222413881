/** The parts of the benchmark, as commands that each write a results document. */
import { spawnSync } from 'node:child_process';
import { GROWTH } from './options.mjs';

/** @typedef {{ name: string, program: string, args: readonly string[], out: string }} Command */
/**
 * @typedef {object} Plan
 * @property {readonly string[]} parts
 * @property {string} folder where the documents go, from the repository's root
 * @property {readonly string[]} sizes
 * @property {readonly number[]} fleets
 * @property {number} seconds
 * @property {boolean} quick
 * @property {string} adapter
 * @property {string | undefined} machine
 */

export const PARTS = ['engine-wasm', 'engine-dawn', 'engine-chromium', 'pytorch', 'growth', 'page'];

/**
 * From the repository's root: the report shows the commands, which should work elsewhere.
 * @param {string} name
 */
const script = (name) => `tests/bench/${name}`;

/**
 * @param {Plan} plan
 * @returns {Command[]}
 */
export const commandsOf = (plan) =>
  plan.parts.flatMap((part) => {
    if (part === 'pytorch') return pytorch(plan, part, pytorchDevices());
    if (part === 'growth') return growth(plan);
    return [part === 'page' ? page(plan) : engine(plan, part, part.replace('engine-', ''))];
  });

/**
 * How the time of one run on one thread grows with the model's width and the completions' length; what it asks of a GPU,
 * which the software one in Dawn tells; and its memory on each.
 * @param {Plan} plan
 * @returns {Command[]}
 */
function growth(plan) {
  const own = { ...plan, sizes: GROWTH, fleets: [1] };
  const devices = pytorchDevices().filter((device) => device === 'cpu');
  return [
    engine(own, 'growth-wasm', 'wasm'),
    // A software GPU takes seconds for a step of the largest: they are to be counted all the same.
    engine({ ...own, seconds: 4 * plan.seconds }, 'growth-dawn', 'dawn', ['--forms', 'fused']),
    ...pytorch(own, 'growth-pytorch', devices, '1', ['--memory']),
  ];
}

/** @param {Plan} plan */
const machineOf = ({ machine }) => (machine === undefined ? [] : ['--machine', machine]);

/**
 * @param {Plan} plan
 * @param {string} part its name, and its document's
 * @param {string} on
 * @param {readonly string[]} [further] arguments
 * @returns {Command}
 */
function engine(plan, part, on, further = []) {
  const { folder, sizes, fleets, seconds, quick, adapter } = plan;
  const out = `${folder}/${part}.json`;
  return {
    name: part,
    program: process.execPath,
    args: [
      script('measureEngine.mjs'),
      ...['--on', on, '--out', out],
      ...['--sizes', sizes.join(','), '--fleets', fleets.join(','), '--seconds', String(seconds)],
      ...['--repetitions', quick ? '3' : '12', '--adapter', adapter, ...machineOf(plan)],
      ...further,
    ],
    out,
  };
}

/**
 * @param {Plan} plan
 * @returns {Command}
 */
function page(plan) {
  const out = `${plan.folder}/page.json`;
  const short = ['--loads', '1', '--windows', '1', '--seconds', '5', '--presets', 'bandit-race'];
  return {
    name: 'page',
    program: process.execPath,
    args: [
      script('page.mjs'),
      ...['--out', out, '--adapter', plan.adapter, ...machineOf(plan)],
      ...(plan.quick ? short : ['--backend', 'webgpu,wasm']),
    ],
    out,
  };
}

/**
 * On the processor with one thread and with two, and on a GPU where PyTorch finds one.
 * @param {Plan} plan
 * @param {string} part
 * @param {readonly ('cpu' | 'cuda')[]} devices
 * @param {string} [threads] of the processor
 * @param {readonly string[]} [further] arguments
 * @returns {Command[]}
 */
function pytorch({ folder, sizes, fleets, seconds, quick }, part, devices, threads = '1,2', further = []) {
  if (devices.length === 0) {
    console.error('The PyTorch columns are left out: `python3 -c "import torch"` fails here.');
  }
  return devices.map((device) => {
    const out = `${folder}/${part}-${device}.json`;
    return {
      name: `${part} on ${device}`,
      program: 'python3',
      args: [
        script('pytorch.py'),
        ...['--device', device, '--threads', device === 'cpu' ? threads : '1', '--json', out],
        ...['--sizes', sizes.join(','), '--fleet', fleets.join(','), '--seconds', String(seconds)],
        ...(quick ? ['--repeat', '3'] : []),
        ...further,
      ],
      out,
    };
  });
}

/** @returns {('cpu' | 'cuda')[]} */
function pytorchDevices() {
  const { status, stdout } = spawnSync('python3', ['-c', 'import torch; print(torch.cuda.is_available())'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (status !== 0) return [];
  return stdout.trim() === 'True' ? ['cpu', 'cuda'] : ['cpu'];
}
