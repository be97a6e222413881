/** What is measured for every run at every evaluation, with the sentence that the page shows beside it. */
export interface MetricInfo {
  readonly label: string;
  readonly unit: string;
  readonly explanation: string;
}

export const METRICS = {
  reward: {
    label: 'Reward',
    unit: '',
    explanation: 'The oracle’s mean score of the policy’s completions: higher is better.',
  },
  kl: {
    label: 'KL',
    unit: 'nats per completion',
    explanation: 'How far the policy has moved from the reference, KL(π_θ‖π_ref), summed over the completion.',
  },
  objective: {
    label: 'J',
    unit: '',
    explanation: 'Reward − β·KL: what the methods are trying to raise; one number for the trade-off.',
  },
  gap: {
    label: 'J* − J',
    unit: '',
    explanation:
      'How far J is below the best that any policy can reach: exact where completions can be enumerated, else against an estimate of J*. No value where that estimate is too uncertain.',
  },
  loss: {
    label: 'DPO loss',
    unit: 'nats per pair',
    explanation:
      'How surprising the labels are to the policy; ln 2 ≈ 0.693 is a coin toss. Fresh pairs are often close calls, so a loss near that is no failure.',
  },
  chosenReward: {
    label: 'Implicit reward, chosen',
    unit: '',
    explanation:
      'β·log(π_θ/π_ref) of the preferred completions. It often falls together with the rejected one; that is common in DPO.',
  },
  rejectedReward: {
    label: 'Implicit reward, rejected',
    unit: '',
    explanation: 'β·log(π_θ/π_ref) of the other completions. It should stay below the chosen one.',
  },
  margin: {
    label: 'Margin',
    unit: '',
    explanation:
      'Implicit reward of chosen minus rejected. As it grows, the policy agrees with the labels more firmly.',
  },
  accuracy: {
    label: 'Label accuracy',
    unit: 'fraction',
    explanation:
      'The share of fresh pairs that the implicit reward ranks as the label does. Labels are noisy, so it stays well below 1.',
  },
  entropy: {
    label: 'Entropy',
    unit: 'nats per completion',
    explanation: 'How varied the policy’s completions are. At zero it always says the same.',
  },
  length: {
    label: 'Length',
    unit: 'tokens',
    explanation: 'The mean length of a completion with its end token. A steady climb can be a sign of reward hacking.',
  },
  oracleGap: {
    label: 'Oracle gap of pairs',
    unit: '',
    explanation: 'How much the oracle’s scores of a pair’s two completions differ on average, |r*(a) − r*(b)|.',
  },
  rewardSpread: {
    label: 'Spread of rewards',
    unit: '',
    explanation:
      'The standard deviation of the oracle’s scores among the policy’s completions of one prompt. Over β it says how much a sampler can matter: between completions that score alike there is nothing to choose.',
  },
  trueReward: {
    label: 'True reward',
    unit: '',
    explanation:
      'What the oracle was to learn, of the same completions. Where it falls while the reward rises, the policy exploits the oracle’s errors (Gao et al. 2022).',
  },
  labels: {
    label: 'Labels',
    unit: 'pairs',
    explanation: 'Preference labels bought so far, one per pair.',
  },
  annotationCost: {
    label: 'Annotation cost',
    unit: 'responses shown',
    explanation: 'How many responses the annotator has read so far, as the paper’s Table 1 counts them.',
  },
  samplingCost: {
    label: 'Sampling cost',
    unit: 'policy passes',
    explanation:
      'How many passes of a model sampling has taken so far, as the paper’s Table 1 counts them. Samplers that exist only in theory have no price.',
  },
} as const satisfies Record<string, MetricInfo>;

export type MetricName = keyof typeof METRICS;

/** Metrics that came after the first recordings: these do not have them, and no fingerprint is made of them. */
export const LATER: readonly MetricName[] = ['rewardSpread', 'trueReward'];

/** Metrics that every evaluation has; the others may not exist for a run or a moment. */
type Certain = 'reward' | 'kl' | 'objective' | 'entropy' | 'length' | 'labels' | 'annotationCost';

/** A metric that does not exist for this run or this evaluation is null, never 0 and never NaN. */
export type Evaluation = { readonly step: number } & { readonly [M in Certain]: number } & {
  readonly [M in Exclude<MetricName, Certain>]: number | null;
};
