/** Every term of the field that the page uses, in one sentence each. The first name is the one that the list shows. */
export interface Entry {
  readonly names: readonly string[];
  readonly says: string;
}

export const GLOSSARY: readonly Entry[] = [
  {
    names: ['RLHF'],
    says: 'Reinforcement learning from human feedback: a model is trained to write what people prefer, from their choices between its answers.',
  },
  {
    names: ['Direct Preference Optimization', 'DPO'],
    says: 'A loss that raises the chosen answer of a pair against the rejected one, compared with the reference, without a reward model in between.',
  },
  {
    names: ['policy', 'policies'],
    says: 'The language model that is trained, π_θ: it gives every possible completion a probability.',
  },
  {
    names: ['reference policy', 'reference'],
    says: 'The model as it was before training, π_ref; leaving it costs β per nat of KL.',
  },
  { names: ['prompt', 'prompts'], says: 'What the policy is asked to answer or to go on from.' },
  {
    names: ['completion', 'completions', 'response', 'responses'],
    says: 'What the policy writes for a prompt; a bandit’s is a single response out of a few.',
  },
  {
    names: ['preference pair', 'preference pairs', 'pair', 'pairs'],
    says: 'Two completions of one prompt, of which an annotator chooses the better one.',
  },
  { names: ['label', 'labels'], says: 'One answer of the annotator: which completion of a pair is better.' },
  {
    names: ['annotator', 'labeller'],
    says: 'Whoever chooses between two completions: here an oracle, a panel of ten people, or you.',
  },
  {
    names: ['oracle'],
    says: 'The judge whose scores r* are the truth of a race: it labels pairs, and its reward is what is plotted.',
  },
  {
    names: ['reward', 'rewards'],
    says: 'The oracle’s score of a completion, r*; the policy never sees it, only labels.',
  },
  {
    names: ['implicit reward', 'implicit rewards'],
    says: 'r_θ = β·log(π_θ/π_ref): what the policy itself, by what it has learnt, thinks of a completion.',
  },
  {
    names: ['KL'],
    says: 'Kullback–Leibler divergence: how far the policy has moved from the reference, in nats for a whole completion.',
  },
  {
    names: ['J'],
    says: 'J = reward − β·KL: what all methods try to raise, reward less the price of leaving the reference.',
  },
  {
    names: ['optimum', 'J*', 'π*'],
    says: 'The policy with the highest J, π* ∝ π_ref·exp(r*/β); J* is its J.',
  },
  { names: ['gap', 'J* − J'], says: 'How much J is still to be won: the distance to the optimum.' },
  {
    names: ['β', 'beta'],
    says: 'The price of one nat of KL, and the scale of the implicit reward: a small β lets the policy move far.',
  },
  {
    names: ['α', 'alpha'],
    says: 'How far PILAF pushes and pulls: it samples from logits h_θ ± α·(h_θ − h_ref), with α = β in the paper.',
  },
  {
    names: ['sampler', 'samplers'],
    says: 'The rule by which the two completions of a pair are drawn: what the methods of this page differ in.',
  },
  {
    names: ['PILAF'],
    says: 'Half the pairs come from the policy; in the other half one completion is pushed away from the reference (π⁺) and one pulled back towards it (π⁻).',
  },
  {
    names: ['T-PILAF'],
    says: 'PILAF as in the paper’s theory: how often it pushes and pulls follows from the prompt’s partition functions Z⁺ and Z⁻.',
  },
  { names: ['Vanilla'], says: 'Both completions are drawn from the policy.' },
  { names: ['Hybrid'], says: 'One completion is drawn from the policy, one from the reference.' },
  { names: ['Best-of-N'], says: 'N completions are drawn, and the best and the worst of them are shown.' },
  { names: ['Uniform'], says: 'Both completions are drawn from all responses alike, whatever the policy.' },
  { names: ['π⁺'], says: 'The policy pushed on in the direction that training has taken: π_θ·exp(+r_θ), normalised.' },
  {
    names: ['π⁻'],
    says: 'The policy pulled back towards the reference: π_θ·exp(−r_θ), normalised; at β = 1 it is the reference itself.',
  },
  {
    names: ['Bradley–Terry'],
    says: 'The model of a vote: the better completion wins with probability σ of the difference of rewards, so close calls go either way.',
  },
  {
    names: ['arm', 'arms'],
    says: 'One contestant of a race: a sampler with its settings, trained once for every seed.',
  },
  {
    names: ['seed', 'seeds'],
    says: 'The number that all random draws of a run follow from; the arms of one seed see the same prompts and the same luck.',
  },
  { names: ['step', 'steps'], says: 'One update of the policy’s weights, from one small batch of pairs.' },
  {
    names: ['round', 'rounds'],
    says: 'Pairs are collected under one policy, which then trains on them; online training has a round at every step.',
  },
  {
    names: ['interval', 'intervals'],
    says: 'Where the mean over endlessly many seeds lies with 95% confidence, judged from the seeds that were run.',
  },
  {
    names: ['label saving', 'saved labels'],
    says: 'The share of another arm’s labels that an arm does not need to reach the same J.',
  },
  {
    names: ['sampling cost'],
    says: 'Passes of a model that drawing the completions took, as the paper’s Table 1 counts them.',
  },
  { names: ['annotation cost'], says: 'Completions that somebody had to read and score.' },
  {
    names: ['margin', 'margins'],
    says: 'By how much the chosen completion’s implicit reward is above the rejected one’s.',
  },
  {
    names: ['entropy'],
    says: 'How undecided the policy is, in nats; it falls as the policy settles on few completions.',
  },
  {
    names: ['alignment'],
    says: 'How well a sampler’s expected DPO step points where J rises: the cosine of the two directions.',
  },
  {
    names: ['efficiency'],
    says: 'How much a label tells, compared with the best distribution of pairs that exists.',
  },
  { names: ['logit', 'logits'], says: 'A number for each possibility; probabilities are proportional to exp of it.' },
];

const BY_NAME = new Map(GLOSSARY.flatMap((entry) => entry.names.map((name) => [name.toLowerCase(), entry] as const)));

export const entryOf = (name: string): Entry | undefined => BY_NAME.get(name.toLowerCase());

/** Longer names first, so that "implicit reward" is not taken for "reward". */
const NAMES = GLOSSARY.flatMap(({ names }) => names).sort((a, b) => b.length - a.length);
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const PATTERN = new RegExp(`(?<![\\p{L}\\p{N}_*])(${NAMES.map(escaped).join('|')})(?![\\p{L}\\p{N}_*])`, 'giu');

/** A text cut where a term stands; every entry's first mention only, as a reader needs it once. */
export function cutAtTerms(text: string): { readonly text: string; readonly entry: Entry | null }[] {
  const seen = new Set<Entry>();
  return text.split(PATTERN).flatMap((part, i) => {
    const found = i % 2 === 1 ? (entryOf(part) ?? null) : null;
    const entry = found && !seen.has(found) ? found : null;
    if (entry) seen.add(entry);
    return part === '' ? [] : [{ text: part, entry }];
  });
}
