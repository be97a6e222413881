import * as v from 'valibot';
import { readBy, readJson, refused, type Parsed } from '../reading';

/** A text for an oracle, as token ids; its end token included. */
export interface ScoredText {
  readonly prompt: readonly number[];
  readonly completion: readonly number[];
}

/** What texts may be. */
export interface TextBounds {
  readonly vocabulary: number;
  readonly promptLength: number;
  readonly completionLength: number;
  ends(token: number): boolean;
}

const MOST_TEXTS = 4096;
const FORM = '{"prompt": [ids], "completion": [ids]}';

/** Reads lines of untrusted texts, a list each. */
export function textReader(bounds: TextBounds): (line: string) => Parsed<readonly ScoredText[]> {
  const { vocabulary, promptLength, completionLength } = bounds;
  const ids = (most: number) => {
    const message = `must be a list of 1 to ${most} whole numbers from 0 to ${vocabulary - 1}`;
    const id = v.pipe(
      v.number(message),
      v.integer(message),
      v.minValue(0, message),
      v.maxValue(vocabulary - 1, message),
    );
    return v.pipe(v.array(id, message), v.minLength(1, message), v.maxLength(most, message));
  };
  const completion = v.pipe(
    ids(completionLength),
    v.check((tokens) => !tokens.slice(0, -1).some((id) => bounds.ends(id)), 'goes on after a token that ends it'),
  );
  const schema = v.pipe(
    v.array(v.strictObject({ prompt: ids(promptLength), completion }, `must be ${FORM}`), `must be a list of ${FORM}`),
    v.maxLength(MOST_TEXTS, `has more than ${MOST_TEXTS} texts`),
  );
  return (line) => {
    const json = readJson(line);
    return json.ok ? readBy(schema, json.value, 'the line') : refused('', 'the line is not JSON');
  };
}
