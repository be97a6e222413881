"""Models small enough that every completion can be enumerated."""

from itertools import product

import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedModel

from pilaf_scale.models import Ids, Models, Reference

VOCABULARY = 9
END = 2
LONGEST = 2


def llama(seed: int) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=16,
        initializer_range=0.6,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=END,
    )
    return LlamaForCausalLM(config).eval()


def gpt2(seed: int) -> GPT2LMHeadModel:
    """Its positions are absolute."""
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_embd=16,
        n_layer=2,
        n_head=2,
        n_positions=16,
        initializer_range=0.6,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=END,
    )
    return GPT2LMHeadModel(config).eval()


def two(policy: PreTrainedModel, reference: PreTrainedModel | None) -> Models:
    return Models(policy, Reference(policy, reference), frozenset([END]), 0)


@torch.no_grad()
def distribution(models: Models, prompt: Ids, a: float, temperature: float) -> dict[tuple[int, ...], float]:
    """Of all completions of at most two tokens, by what the paper says a token's logits are."""

    def next_log_probs(text: list[int]) -> torch.Tensor:
        ids = torch.tensor([text])
        policy = models.policy(ids).logits[0, -1]
        with models.reference.model() as own:
            reference = own(ids).logits[0, -1]
        return ((policy + a * (policy - reference)) / temperature).log_softmax(-1)

    first = next_log_probs(list(prompt))
    found = {(END,): float(first[END].exp())}
    for one in range(VOCABULARY):
        if one != END:
            second = next_log_probs([*prompt, one])
            found.update({(one, two): float((first[one] + second[two]).exp()) for two in range(VOCABULARY)})
    return found


def all_completions() -> list[tuple[int, ...]]:
    others = [token for token in range(VOCABULARY) if token != END]
    return [(END,), *product(others, range(VOCABULARY))]
