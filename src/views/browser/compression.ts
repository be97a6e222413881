import type { Compression } from '../../experiment/config/permalink';

/** The browser's own zlib. */
export const compression: Compression = {
  async deflate(text) {
    const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate'));
    return new Uint8Array(await new Response(packed).arrayBuffer());
  },
  async inflate(bytes, limit) {
    const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate')).getReader();
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let text = '';
    let size = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      size += value.length;
      if (size > limit) {
        await reader.cancel();
        throw new RangeError(`more than ${limit} bytes`);
      }
      text += decoder.decode(value, { stream: true });
    }
  },
};
