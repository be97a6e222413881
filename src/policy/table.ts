import { encodeSafetensors } from './safetensors';

const FORMAT = 'pilaf-lab/table';

/** A tabular policy's logits as a safetensors file with one tensor. // [prompts, responses] */
export function encodeTable(
  logits: Float32Array,
  prompts: number,
  responses: number,
  origin: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  return encodeSafetensors({
    metadata: { ...origin, format: FORMAT },
    tensors: [{ name: 'logits', shape: [prompts, responses], values: logits }],
  });
}
