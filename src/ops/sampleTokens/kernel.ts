import * as tf from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { KEY_TAG, ROW_BITS } from '../../math/random';
import { philoxWgsl } from '../philoxWgsl';
import { rowProgram } from '../webgpuProgram';
import type { TokenAddress } from './draw';

const WORKGROUP = 64;

/**
 * One workgroup a row: each thread takes every 64th block of four vocabulary entries (one Philox call),
 * then the best scores are reduced; a tie goes to the lower index, as on the host.
 */
const code = /* wgsl */ `
${philoxWgsl}
var<workgroup> bestScores: array<f32, ${WORKGROUP}>;
var<workgroup> bestItems: array<i32, ${WORKGROUP}>;

// −log(1 − w): a series where w is small, because WGSL's log has only absolute accuracy near 1.
fn exponential(bits: u32) -> f32 {
  let w = (f32(bits) + 0.5) * 2.3283064365386963e-10;
  let series = w * (1.0 + w * (0.5 + w * (0.33333334 + w * (0.25 + w * (0.2 + w * 0.16666667)))));
  return select(-log(max(1.0 - w, 5.9604645e-8)), series, w < 0.0625);
}

fn main(index: i32) {
  let rows = uniforms.coefficientsShape[0] * uniforms.coefficientsShape[1];
  let vocabulary = uniforms.logitsShape[2];
  let position = index / ${WORKGROUP};
  let lane = i32(localId.x);
  var best = 0;
  var bestScore = -3.4e38;
  if (position < rows) {
    let run = position / uniforms.coefficientsShape[1];
    let row = position - run * uniforms.coefficientsShape[1];
    let a = coefficients[position];
    let s = scales[position];
    let high = (u32(uniforms.token) << ${ROW_BITS}u) | u32(row);
    let key = vec2<u32>(bitcast<u32>(seeds[run]), ${KEY_TAG}u);
    for (var start = lane * 4; start < vocabulary; start += ${WORKGROUP * 4}) {
      let bits = philox4x32(vec4<u32>(u32(start) >> 2u, high, u32(uniforms.step), u32(uniforms.stream)), key);
      for (var i = 0; i < 4 && start + i < vocabulary; i++) {
        let h = logits[position * vocabulary + start + i];
        let reference = logits[(rows + position) * vocabulary + start + i];
        let score = s * (h + a * (h - reference)) - log(exponential(bits[i]));
        if (score > bestScore) {
          bestScore = score;
          best = start + i;
        }
      }
    }
  }
  bestScores[lane] = bestScore;
  bestItems[lane] = best;
  workgroupBarrier();
  for (var half = ${WORKGROUP / 2}; half > 0; half /= 2) {
    if (lane < half) {
      let score = bestScores[lane + half];
      let item = bestItems[lane + half];
      if (score > bestScores[lane] || (score == bestScores[lane] && item < bestItems[lane])) {
        bestScores[lane] = score;
        bestItems[lane] = item;
      }
    }
    workgroupBarrier();
  }
  if (lane == 0 && position < rows) {
    result[position] = bestItems[0];
  }
}`;

export const SAMPLE_TOKENS = 'SampleTokens';

tf.registerKernel({
  kernelName: SAMPLE_TOKENS,
  backendName: 'webgpu',
  kernelFunc: ({ inputs, backend, attrs }) => {
    const { logits, coefficients, scales, seeds } = inputs as Record<string, tf.TensorInfo>;
    const { stream, step, token } = attrs as unknown as TokenAddress;
    const program = rowProgram({
      name: SAMPLE_TOKENS,
      inputs: ['logits', 'coefficients', 'scales', 'seeds'],
      uniforms: 'stream: i32, step: i32, token: i32,',
      outputShape: coefficients!.shape,
      workgroups: tf.util.sizeFromShape(coefficients!.shape),
      workgroupSize: WORKGROUP,
      code,
    });
    return (backend as WebGPUBackend).runWebGPUProgram(program, [logits!, coefficients!, scales!, seeds!], 'int32', [
      { type: 'int32', data: [stream] },
      { type: 'int32', data: [step] },
      { type: 'int32', data: [token] },
    ]);
  },
});
