export { adamW, sumOfSquares } from './adamW.as';
export { attend } from './attention.as';
export { keyValueGradient, queryGradient } from './attentionGradient.as';
export { addGainGradient, addNormGradient, normRows, scaleRows } from './norm.as';
export { product, productByRows } from './product.as';
export { siluGradient, siluProduct } from './silu.as';
export { largest, scaledExp, sumOfExp } from './softmax.as';
export { turnHeads } from './turn.as';
