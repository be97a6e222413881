import { fromBase64url, toBase64url } from './base64url';
import { refused, type Parsed } from '../reading';
import { parseConfig } from './config';
import type { ExperimentConfig } from './schema';

/**
 * A whole config in the part of an address behind the #: `#v1.` and the zlib-compressed JSON in base64url. The full
 * parsed config is stored, not only what differs from the defaults: a link keeps its meaning when a default changes.
 */

/** Rises when a config that was stored earlier would be refused or mean something else; `upgraded` then grows a case. */
const VERSION = 1;

/** Letters: a shell takes an argument of 131 072 bytes, and that of an address in front is left. */
export const MAXIMUM_LINK = 100_000;
/** Letters of JSON in a link that is made. */
const MAXIMUM_JSON = 500_000;
/** Bytes that a link may unpack to: names have letters of several bytes. They are read in a fraction of a second. */
const MAXIMUM_BYTES = 2 * MAXIMUM_JSON;

/** zlib's format (RFC 1950), whose checksum tells a damaged link from another config. */
export interface Compression {
  deflate(text: string): Promise<Uint8Array>;
  /**
   * The text again. Rejects with a RangeError where it takes more than `limit` bytes, without unpacking them all, and
   * with any other error where the bytes are damaged.
   */
  inflate(bytes: Uint8Array<ArrayBuffer>, limit: number): Promise<string>;
}

/**
 * The config's link, from the # on.
 *
 * @throws RangeError with a sentence for people where it would be too long.
 */
export async function permalinkOf(
  config: ExperimentConfig,
  { deflate }: Pick<Compression, 'deflate'>,
): Promise<string> {
  const json = JSON.stringify(config);
  const link = `#v${VERSION}.${toBase64url(await deflate(json))}`;
  if (link.length <= MAXIMUM_LINK && json.length <= MAXIMUM_JSON) return link;
  throw new RangeError(
    `This config is too large for a link: its ${json.length} letters of JSON pack into ${link.length}; at most ` +
      `${MAXIMUM_JSON} and ${MAXIMUM_LINK} are allowed.`,
  );
}

/** Whether what stands behind a # is meant as a link to a config; places in the page are plain words, or begin with one and a slash. */
export const looksLikePermalink = (hash: string): boolean =>
  !/^#[a-z]+[/]/.test(hash) && (/^#v\d|[.]/.test(hash) || hash.length > 32);

/** The config of a link, from the # on; checked like a file's, with the same problems. */
export async function parsePermalink(
  link: string,
  { inflate }: Pick<Compression, 'inflate'>,
): Promise<Parsed<ExperimentConfig>> {
  if (link.length > MAXIMUM_LINK) {
    return refused('link', `has ${link.length} letters; at most ${MAXIMUM_LINK} are allowed`);
  }
  const [, version, payload] = /^#v(\d{1,9})[.](.*)$/s.exec(link) ?? [];
  if (version === undefined || payload === undefined) {
    return refused('link', `does not begin with #v${VERSION}. as links to a config do`);
  }
  if (Number(version) > VERSION) {
    return refused(
      'link',
      `is of version ${Number(version)}, which is newer than this program; it reads up to ${VERSION}`,
    );
  }
  const bytes = fromBase64url(payload);
  if (!bytes) return refused('link', DAMAGED);
  try {
    const stored: unknown = JSON.parse(await inflate(bytes, MAXIMUM_BYTES));
    return parseConfig(upgraded(Number(version), stored));
  } catch (error) {
    return refused(
      'link',
      error instanceof RangeError ? `unpacks to more than the ${MAXIMUM_BYTES} bytes allowed` : DAMAGED,
    );
  }
}

const DAMAGED = 'is damaged: a part is missing, or letters were changed on its way';

/** What an older version stored, as today's schema would have it; nothing of it has been checked. */
function upgraded(version: number, stored: unknown): unknown {
  switch (version) {
    case 1:
      return stored;
    default:
      throw new Error(`no link has version ${version}`);
  }
}
