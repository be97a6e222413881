import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import {
  MOST_TEXT_BYTES,
  TEXT_PRETRAINING,
  textProblem,
  type TextPretraining,
} from '../../experiment/config/textPretraining';
import { encodeTextModel, type TextModel } from '../../policy/textModel';
import { pretrainText, type TextLook } from '../../reference/pretrainText';
import { readArguments, readBackend, readWhole, readWidth } from '../arguments';
import { EXIT, UsageError } from '../errors';
import { makeFolder, refuseExisting, writeAtomically } from '../files';
import { onInterrupt } from '../interrupt';
import { startBackend, untilLost } from '../nodeRuntime';
import { startProgress } from '../progress';

const { steps, tokens, width, layers } = TEXT_PRETRAINING;

/** `lab pretrain text <file>`: trains a small policy that writes like a text of one's own. */
export async function pretrainOnText(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('pretrain', args, {
    seed: { type: 'string', default: '0' },
    steps: { type: 'string', default: `${steps.usual}` },
    tokens: { type: 'string', default: `${tokens.usual}` },
    width: { type: 'string', default: `${width.usual}` },
    layers: { type: 'string', default: `${layers.usual}` },
    backend: { type: 'string', default: 'wasm' },
    out: { type: 'string', default: '.' },
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) {
    throw new UsageError(`pretrain text takes one file; given was "${positionals.join(' ')}"`);
  }
  const asked: TextPretraining = {
    text: readText(file),
    seed: readWhole('--seed', values.seed, 0, 2 ** 32 - 1),
    steps: readWhole('--steps', values.steps, steps.min, steps.max),
    tokens: readWhole('--tokens', values.tokens, tokens.min, tokens.max),
    width: readWidth(values.width, width.max),
    layers: readWhole('--layers', values.layers, layers.min, layers.max),
  };
  const only = readBackend(values.backend);
  const path = join(values.out, `${basename(file, extname(file))}.safetensors`);
  makeFolder(values.out);
  refuseExisting([path]);
  const abort = new AbortController();
  const forget = onInterrupt(() => abort.abort());
  const backend = await startBackend(only);
  try {
    const { model, look, lookedAt, step } = await untilLost(backend, trained(asked, abort.signal));
    if (abort.signal.aborted) {
      process.stdout.write(`Stopped after step ${step} of ${asked.steps}; what follows is of step ${lookedAt}.\n`);
    }
    writeAtomically(path, encodeTextModel(model));
    process.stdout.write(
      [
        `Loss ${look.heldOut.toFixed(3)} nats per token on the part that it has not read; it writes:`,
        ...look.texts.map((text) => `  ${text}`),
        `The policy is ${path}: a race starts from it with --set 'task={"kind":"text","checkpoint":"${path}"}'.\n`,
      ].join('\n'),
    );
  } finally {
    forget();
    backend.release();
  }
  return abort.signal.aborted ? EXIT.interrupted : EXIT.success;
}

function readText(file: string): string {
  if (!existsSync(file)) throw new UsageError(`there is no file ${file}`);
  const stat = statSync(file);
  if (!stat.isFile()) throw new UsageError(`${file} is not a file`);
  const { size } = stat;
  if (size > MOST_TEXT_BYTES) {
    throw new UsageError(`${file} cannot be used: it has ${size} bytes; at most ${MOST_TEXT_BYTES} are read`);
  }
  const text = readUtf8(file);
  const problem = textProblem(text);
  if (problem) throw new UsageError(`${file} cannot be used: ${problem}`);
  return text;
}

function readUtf8(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    throw new UsageError(`${file} is no text: it is not in UTF-8`, { cause: error });
  }
}

interface Trained {
  readonly model: TextModel;
  readonly look: TextLook;
  /** The step of the look, and the last one. */
  readonly lookedAt: number;
  readonly step: number;
}

/** A signal ends it after the step in hand, but not before the first look, with what it has learnt. */
async function trained(asked: TextPretraining, signal: AbortSignal): Promise<Trained> {
  const progress = startProgress('pretrain text', asked.steps);
  let look: TextLook | undefined;
  let lookedAt = 0;
  try {
    for await (const report of pretrainText(asked)) {
      if (report.look) [look, lookedAt] = [report.look, report.step];
      const heldOut = look ? `, on the unread part ${look.heldOut.toFixed(3)}` : '';
      progress.update(report.step, `loss ${report.loss.toFixed(3)}${heldOut}`);
      const { step } = report;
      if (look && (step === asked.steps || signal.aborted))
        return { model: await report.model(), look, lookedAt, step };
      await breathe();
    }
  } finally {
    progress.clear();
  }
  throw new Error('a pretraining has no steps');
}
