import { claimsCommand } from './make/claimsCommand';
import { EXIT, sentence, UsageError } from './errors';
import { exportCommand } from './make/exportCommand';
import { mergeCommand } from './sweep/mergeCommand';
import { optimumCommand } from './make/optimumCommand';
import { pretrainCommand } from './make/pretrainCommand';
import { presetsCommand } from './run/presetsCommand';
import { recordCommand } from './make/recordCommand';
import { rewardCommand } from './make/rewardCommand';
import { resumeCommand } from './run/resumeCommand';
import { runCommand } from './run/runCommand';
import { samplersCommand } from './run/samplersCommand';
import { scoreCommand } from './run/scoreCommand';
import { showCommand } from './run/showCommand';
import { sweepCommand } from './sweep/sweepCommand';
import { theoryCommand } from './theory/theoryCommand';
import { textsCommand } from './run/textsCommand';
import { tuneCommand } from './sweep/tuneCommand';
import { WORKER_COMMAND, workerCommand } from './pool/workerCommand';
import { unpackCommand } from './make/unpackCommand';
import { USAGE } from './usage';

/** Takes its own arguments, returns the exit code; what it throws ends as one sentence. */
type Command = (args: readonly string[]) => number | Promise<number>;

const COMMANDS = new Map<string, Command>([
  ['run', runCommand],
  ['resume', resumeCommand],
  ['show', showCommand],
  ['presets', presetsCommand],
  ['samplers', samplersCommand],
  ['record', recordCommand],
  ['claims', claimsCommand],
  ['pretrain', pretrainCommand],
  ['sweep', sweepCommand],
  ['merge', mergeCommand],
  ['tune', tuneCommand],
  ['optimum', optimumCommand],
  ['reward', rewardCommand],
  ['texts', textsCommand],
  ['score', scoreCommand],
  ['unpack', unpackCommand],
  ['export', exportCommand],
  ['theory', theoryCommand],
]);

/** How long the process may linger, when something (a lost GPU) keeps it from ending by itself. */
const LINGER_MILLISECONDS = 1000;

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h' || args.includes('--help')) {
    process.stdout.write(USAGE);
    return EXIT.success;
  }
  if (name === WORKER_COMMAND && process.send) return workerCommand(args);
  const command = COMMANDS.get(name);
  if (!command) throw new UsageError(`unknown command "${name}"; the commands are ${[...COMMANDS.keys()].join(', ')}`);
  return command(args);
}

function report(error: unknown): number {
  process.stderr.write(`${sentence(error)}\n`);
  if (process.env['LAB_TRACE']) console.error(error);
  return error instanceof UsageError ? EXIT.usage : EXIT.failure;
}

/** Lets what was written flow out, and the process end. */
function end(code: number): void {
  process.exitCode = code;
  setTimeout(() => process.exit(), LINGER_MILLISECONDS).unref();
}

// A reader that has seen enough (`… | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.success : EXIT.failure);
});

// Nobody is left to read it, where a terminal has closed: what is to be saved is saved all the same.
process.stderr.on('error', () => undefined);

// The launcher is gone: the same as if somebody had asked this process to end. It must not keep the process alive.
if (process.send && process.argv[2] !== WORKER_COMMAND) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
}

main(process.argv.slice(2)).then(end, (error: unknown) => end(report(error)));
