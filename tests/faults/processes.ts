import { execFileSync } from 'node:child_process';

interface Process {
  readonly pid: number;
  readonly args: string;
}

/** The processes that a process has started, and those that they have, with their command lines. */
export function processesBelow(root: number | undefined): Process[] {
  const all = execFileSync('ps', ['-ax', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^ *(\d+) +(\d+) (.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, parent, args]) => ({ pid: Number(pid), parent: Number(parent), args: args! }))
    .filter(({ args }) => !args.startsWith('ps -ax'));
  const below = (parent: number | undefined): Process[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)]);
  return below(root);
}
