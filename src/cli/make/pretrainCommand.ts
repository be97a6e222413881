import { pretrainReviews } from './pretrainReviews';
import { pretrainOnText } from './pretrainOnText';

/** `lab pretrain reviews`, or `lab pretrain text <file>`: makes a reference policy. */
export function pretrainCommand(args: readonly string[]): Promise<number> {
  const [task, ...rest] = args;
  return task === 'text' ? pretrainOnText(rest) : pretrainReviews(args);
}
