/** The policies of the picture, in its order. Fill, outline and mark tell them apart, not the colour alone. */
export const POLICIES = {
  reference: { symbol: 'π', sub: 'ref', title: 'reference', mark: '' },
  policy: { symbol: 'π', sub: 'θ', title: 'policy', mark: '' },
  plus: { symbol: 'π⁺', sub: '', title: 'pushed', mark: '▲' },
  minus: { symbol: 'π⁻', sub: '', title: 'pulled', mark: '▼' },
  optimum: { symbol: 'π*', sub: '', title: 'optimum', mark: '★' },
} as const;
export type PolicyName = keyof typeof POLICIES;
export const POLICY_NAMES = Object.keys(POLICIES) as PolicyName[];
