/** Names on Hugging Face's hub that do where an experiment brings no model of its own. */
export const HUB = {
  model: 'HuggingFaceTB/SmolLM2-135M-Instruct',
  oracle: 'OpenAssistant/reward-model-deberta-v3-large-v2',
} as const;
