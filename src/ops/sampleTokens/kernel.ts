import { KEY_TAG, ROW_BITS } from '../../math/random';
import { philoxWgsl } from '../philoxWgsl';
import { registerThreadKernel } from '../threadKernel';
import type { TokenAddress } from './draw';

export const SAMPLE_TOKENS = 'SampleTokens';

/** One thread a row. */
registerThreadKernel<TokenAddress>({
  name: SAMPLE_TOKENS,
  inputs: ['logits', 'coefficients', 'scales', 'seeds'],
  dtype: 'int32',
  attributes: ['stream', 'step', 'token'],
  shape: (shapes) => [...shapes[1]!],
  code: /* wgsl */ `
${philoxWgsl}

// −log(1 − w): a series where w is small, because WGSL's log has only absolute accuracy near 1.
fn exponential(bits: u32) -> f32 {
  let w = (f32(bits) + 0.5) * 2.3283064365386963e-10;
  let series = w * (1.0 + w * (0.5 + w * (0.33333334 + w * (0.25 + w * (0.2 + w * 0.16666667)))));
  return select(-log(max(1.0 - w, 5.9604645e-8)), series, w < 0.0625);
}

fn compute(index: i32) {
  let rows = uniforms.coefficientsShape[0] * uniforms.coefficientsShape[1];
  let vocabulary = uniforms.logitsShape[2];
  let run = index / uniforms.coefficientsShape[1];
  let row = index - run * uniforms.coefficientsShape[1];
  let a = coefficients[index];
  let s = scales[index];
  let high = (u32(uniforms.token) << ${ROW_BITS}u) | u32(row);
  let key = vec2<u32>(bitcast<u32>(seeds[run]), ${KEY_TAG}u);
  var best = 0;
  var bestScore = -3.4e38;
  for (var start = 0; start < vocabulary; start += 4) {
    let bits = philox4x32(vec4<u32>(u32(start) >> 2u, high, u32(uniforms.step), u32(uniforms.stream)), key);
    for (var i = 0; i < 4 && start + i < vocabulary; i++) {
      let h = logits[index * vocabulary + start + i];
      let reference = logits[(rows + index) * vocabulary + start + i];
      let score = s * (h + a * (h - reference)) - log(exponential(bits[i]));
      if (score > bestScore) {
        bestScore = score;
        best = start + i;
      }
    }
  }
  result[index] = best;
}`,
});
