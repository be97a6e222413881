import { HEAD_WIDTH } from '../experiment/config/textPretraining';
import type { ModelSizes } from '../policy/transformer';

/** Of the models that are trained here: a wider one has more heads, not wider ones. */
export const modelSizes = (vocabulary: number, width: number, layers: number): ModelSizes => ({
  vocabulary,
  width,
  layers,
  heads: width / HEAD_WIDTH,
  hidden: 2.5 * width,
});
