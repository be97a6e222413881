import * as v from 'valibot';
import { foreign } from '../../math/foreign';

/** Letters of a field's path, and of what is wrong with it: a file may have names and values of any length. */
const MOST = { path: 100, message: 300 };

type Issue = Parameters<typeof v.getDotPath>[0] & {
  readonly message: string;
  readonly expected: string | null;
  readonly input: unknown;
};

/** Where an issue is; `whole` is what everything is called. */
export const issuePath = (issue: Issue, whole: string): string => foreign(v.getDotPath(issue) ?? whole, MOST.path);

const isMissing = ({ input, expected }: Issue): boolean =>
  input === undefined && expected !== 'never' && expected !== null;

/** What is allowed stays in it where a value is missing. */
export const issueMessage = (issue: Issue): string =>
  foreign(
    isMissing(issue) ? issue.message.replace(/^(undefined is not .*?(?=;|$)|Invalid .*)/, 'is missing') : issue.message,
    MOST.message,
  );

/** Reads untrusted input by a schema; throws an Error that names the field. Where everything is wrong, `whole` is it. */
export function readBy<const T extends v.GenericSchema>(schema: T, input: unknown, whole: string): v.InferOutput<T> {
  const parsed = v.safeParse(schema, input);
  if (parsed.success) return parsed.output;
  throw new Error(issueText(parsed.issues[0], whole));
}

/** "runs.0.seed: is missing" */
export const issueText = (issue: Issue, whole: string): string =>
  `${issuePath(issue, whole)}: ${isMissing(issue) ? 'is missing' : issueMessage(issue)}`;
