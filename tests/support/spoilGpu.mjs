/**
 * For `node --import`: the program's GPU misbehaves. SPOIL says how, one of `FAULTS`. It begins at the process's submit of
 * number SPOIL_AT, or a few submits after the file SPOIL_AFTER holds something.
 *
 * Where SPOIL_FIRST names a file that is not there, this is the fault of the first process alone that asks for a GPU; it
 * makes the file. SPOIL_REST, from SPOIL_REST_AT on, is then that of the others, who else have none.
 */
import { statSync, writeFileSync } from 'node:fs';

const { SPOIL, SPOIL_AT, SPOIL_AFTER, SPOIL_FIRST, SPOIL_REST, SPOIL_REST_AT } = process.env;

const FAULTS = [
  'no adapter answers',
  'no device',
  'lost',
  'hangs',
  'refuses memory',
  'drops launches',
  'drops large launches',
  'NaN',
];

/** Workgroups of the largest launch that a driver with a bug still makes: as many as the quick check has, and more. */
const SMALL = 24;

/** Submits after a state is stored. */
const A_FEW = 3;

/** What is wrong with this process's GPU, once it has asked for one, and the submit from which it is. */
let fault;
let from = 0;
let submits = 0;
const has = (name) => fault === name && submits >= from;

function choose() {
  const isFirst = SPOIL_FIRST === undefined || isMade(SPOIL_FIRST);
  fault = isFirst ? SPOIL : SPOIL_REST;
  if (fault !== undefined && !FAULTS.includes(fault)) throw new Error(`there is no fault "${fault}"`);
  from = Number((isFirst ? SPOIL_AT : SPOIL_REST_AT) ?? (SPOIL_AFTER === undefined ? 0 : Infinity));
}

function isMade(file) {
  try {
    writeFileSync(file, '', { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

/** Patches a method of a class of Dawn's as soon as the program has it. */
function patch(name, method, patched) {
  const before = Object.getOwnPropertyDescriptor(globalThis, name)?.set;
  Object.defineProperty(globalThis, name, {
    configurable: true,
    set(Class) {
      before?.(Class);
      Object.defineProperty(globalThis, name, { value: Class, writable: true, configurable: true });
      const original = Class.prototype[method];
      Class.prototype[method] = function (...given) {
        return patched.call(this, original, given);
      };
    },
  });
}

/** Nobody waits long for it: the next interval passes sixty times as fast, so that a minute is a second. */
function never() {
  isHurried = true;
  return new Promise(() => undefined);
}

let isHurried = false;
const interval = globalThis.setInterval;
globalThis.setInterval = (then, milliseconds, ...given) => {
  const times = isHurried ? 60 : 1;
  isHurried = false;
  return interval(then, milliseconds / times, ...given);
};

patch('GPU', 'requestAdapter', function (request, given) {
  choose();
  return fault === 'no adapter answers' ? never() : request.apply(this, given);
});

patch('GPUAdapter', 'requestDevice', async function (request, given) {
  if (fault === 'no device') throw new Error('the driver gives no device');
  device = await request.apply(this, given);
  return device;
});
let device;

patch('GPUQueue', 'submit', function (submit, given) {
  submits++;
  if (from === Infinity && fault === SPOIL && isFilled(SPOIL_AFTER)) from = submits + A_FEW;
  if (has('lost') && submits === from) device.destroy();
  return submit.apply(this, given);
});

const isFilled = (file) => file !== undefined && (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;

patch('GPUBuffer', 'mapAsync', function (map, given) {
  return has('hangs') ? never() : map.apply(this, given);
});

// Dawn itself refuses: no buffer is so large.
patch('GPUDevice', 'createBuffer', function (create, [descriptor]) {
  return create.call(this, has('refuses memory') ? { ...descriptor, size: 2 ** 50 } : descriptor);
});

patch('GPUComputePassEncoder', 'dispatchWorkgroups', function (dispatch, [x, y = 1, z = 1]) {
  const isDropped = has('drops launches') || (has('drops large launches') && x * y * z > SMALL);
  if (!isDropped) dispatch.call(this, x, y, z);
});

patch('GPUBuffer', 'getMappedRange', function (range, given) {
  const bytes = range.apply(this, given);
  if (has('NaN') && this.usage & globalThis.GPUBufferUsage.MAP_READ) new Float32Array(bytes).fill(NaN);
  return bytes;
});
