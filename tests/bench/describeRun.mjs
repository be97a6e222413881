/** What a results document says about the invocation that made it. */
import { cpus } from 'node:os';
import { basename, relative } from 'node:path';

/**
 * @param {Record<string, string>} versions
 * @param {string} [name] what to call the machine; its processor's model where nothing better is said
 * @returns {import('./results').BenchRun}
 */
export function describeRun(versions, name) {
  const date = new Date();
  const [, script = '', ...rest] = process.argv;
  const cpu = cpus()[0]?.model.trim() ?? process.arch;
  return {
    id: `${basename(script).replace(/\.\w+$/, '')}-${date.getTime().toString(36)}`,
    date: date.toISOString().replace(/\.\d+Z$/, 'Z'),
    command: ['node', relative(process.cwd(), script), ...rest].join(' '),
    machine: { name: name ?? cpu, cpu, cores: cpus().length },
    versions: { node: process.versions.node, ...versions },
  };
}
