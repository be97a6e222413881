import { tunedConfig } from '../../analysis/tuning';
import { TUNABLE, type Tuned } from '../../experiment/config/schema';
import { losses, parseValues } from '../../experiment/documents/typedAxes';
import { readArguments, readBackend, readWhole, readWorkers } from '../arguments';
import { EXIT, UsageError } from '../errors';
import { checkWritable, writeAtomically } from '../files';
import { loadConfig } from '../run/configSource';
import { refuseSame } from '../run/outputs';
import { performSweep } from './performSweep';
import { checkedSweep } from './sweepSource';
import { tuningReport } from './tuningReport';

/** Tuning seeds, unless somebody says otherwise. */
const USUAL = { seeds: '8', firstSeed: '1000' };

/** `lab tune`: every arm of a race tries the same values; the race with each arm's best is written as a config. */
export async function tuneCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments('tune', args, {
    over: { type: 'string', multiple: true, default: [] as string[] },
    seeds: { type: 'string', default: USUAL.seeds },
    'first-seed': { type: 'string', default: USUAL.firstSeed },
    set: { type: 'string', multiple: true, default: [] as string[] },
    backend: { type: 'string' },
    jobs: { type: 'string' },
    cells: { type: 'string' },
    resume: { type: 'boolean', default: false },
    out: { type: 'string' },
  });
  const [source, surplus] = positionals;
  if (source === undefined) throw new UsageError('tune needs the name of a preset, a config file or a link');
  if (surplus !== undefined)
    throw new UsageError(`tune takes one preset, config file or link; "${surplus}" is too much`);
  const { cells: file, resume, out } = values;
  if (resume && file === undefined) throw new UsageError('--resume needs --cells, the file to go on with');
  const backend = readBackend(values.backend);
  const jobs = readWorkers(values.jobs, '--jobs');
  const plan = {
    over: values.over.map(readOver),
    seeds: readWhole('--seeds', values.seeds, 1, 64),
    firstSeed: readWhole('--first-seed', values['first-seed'], 0, 4294967231),
  };
  if (plan.over.length === 0) {
    throw new UsageError('tune needs --over, such as --over learningRate=0.0001,0.0003,0.001');
  }
  const { config, title } = await loadConfig(source, values.set);
  const document = checkedSweep({ base: config, tuning: plan });
  if (out !== undefined) checkWritable(out);
  if (file !== undefined) checkWritable(file, '--cells');
  refuseSame(
    [
      ['--cells', file],
      ['--out', out],
    ],
    [['the file that the experiment comes from', source]],
  );
  const sweep = { title, backend, jobs, out: file, resume, isMine: () => true };
  const { cells, notes, interrupted, broken } = await performSweep(document, sweep);
  process.stdout.write(tuningReport(document, cells));
  process.stdout.write(`${notes.join('\n')}\n`);
  if (broken !== null) process.stderr.write(`${broken}\n`);
  const tuned = tunedConfig(document, cells);
  if (tuned && out !== undefined) {
    writeAtomically(out, `${JSON.stringify(tuned, null, 2)}\n`);
    process.stdout.write(`The tuned race is in ${out}; lab -- run ${out} runs it.\n`);
  }
  if (interrupted) return EXIT.interrupted;
  if (tuned) return EXIT.success;
  if (broken !== null) return EXIT.failure;
  process.stderr.write('An arm has no trial without divergence: there is no tuned race.\n');
  return EXIT.failure;
}

/** `learningRate=0.0001,0.001`; a loss may be given by its name. */
function readOver(text: string): Tuned['over'][number] {
  const equals = text.indexOf('=');
  const name = text.slice(0, Math.max(0, equals));
  const field = TUNABLE.find((one) => one === name);
  if (!field) {
    throw new UsageError(`--over: "${text}" is not of the form field=value,value with one of ${TUNABLE.join(', ')}`);
  }
  const values = (field === 'loss' ? losses : parseValues)(text.slice(equals + 1));
  return { field, values: values as Tuned['over'][number]['values'] };
}
