import { deflateSync, inflateSync } from 'node:zlib';
import type { Compression } from '../experiment/config/permalink';

/** Node's zlib, as strict as a browser's: it would let bytes behind the end pass. */
export const compression: Compression = {
  async deflate(text) {
    return deflateSync(text);
  },
  async inflate(bytes, limit) {
    const unpacked: unknown = inflateSync(bytes, { maxOutputLength: limit, info: true });
    const { buffer, engine } = unpacked as { buffer: Uint8Array; engine: { bytesWritten: number } };
    if (engine.bytesWritten !== bytes.length) throw new Error('there are bytes behind the end');
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer);
  },
};
