"""A policy with its reference, and what both say of texts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import LogitsProcessorList, PreTrainedModel, UnbatchedClassifierFreeGuidanceLogitsProcessor

Ids = Sequence[int]


class Reference:
    """
    The reference as a callable. Positions follow the mask, so that padding on the left moves no word, also where a
    model's positions are absolute. Where it is no model of its own it is the policy with its adapter disabled.
    """

    def __init__(self, policy: PreTrainedModel, own: PreTrainedModel | None) -> None:
        self.policy = policy
        self.own = own

    @contextmanager
    def model(self) -> Iterator[PreTrainedModel]:
        if self.own is not None:
            yield self.own
        else:
            with self.policy.disable_adapter():
                yield self.policy

    def __call__(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **options: Any) -> Any:
        positions = positions_of(attention_mask)[:, -input_ids.shape[1] :]
        with self.model() as model:
            return model(input_ids, attention_mask=attention_mask, position_ids=positions, **options)


@dataclass(frozen=True)
class Models:
    """The policy and its reference, with the tokens that end a text and fill up a batch."""

    policy: PreTrainedModel
    reference: Reference
    ends: frozenset[int]
    padding: int

    @property
    def device(self) -> torch.device:
        return self.policy.device


def positions_of(mask: torch.Tensor) -> torch.Tensor:  # [B, T] → [B, T]
    return (mask.cumsum(-1) - 1).clamp(min=0)


def padded(rows: Sequence[Ids], padding: int, side: str, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and their mask, [B, T] each."""
    length = max(len(row) for row in rows)
    ids = torch.full((len(rows), length), padding)
    mask = torch.zeros((len(rows), length), dtype=torch.long)
    for i, row in enumerate(rows):
        place = slice(length - len(row), length) if side == "left" else slice(0, len(row))
        ids[i, place] = torch.tensor(row)
        mask[i, place] = 1
    return ids.to(device), mask.to(device)


@torch.no_grad()
def draw(
    models: Models,
    prompts: Sequence[Ids],
    coefficients: Sequence[float],
    *,
    temperature: float,
    most_tokens: int,
) -> list[tuple[int, ...]]:
    """
    A completion of each prompt from softmax((h_θ + a·(h_θ − h_ref))/temperature), its end token included (arXiv
    2502.04270, with a = ±β). Classifier-free guidance computes s·(log p − log q) + log q; with s = 1 + a, p the policy
    and q the reference that is the same distribution.
    """
    found: dict[int, tuple[int, ...]] = {}
    for a in sorted(set(coefficients)):
        rows = [row for row, own in enumerate(coefficients) if own == a]
        ids, mask = padded([prompts[row] for row in rows], models.padding, "left", models.device)
        options = {
            "attention_mask": mask,
            "do_sample": True,
            "temperature": temperature,
            "top_k": 0,
            "top_p": 1.0,
            "max_new_tokens": most_tokens,
            "pad_token_id": models.padding,
            "eos_token_id": sorted(models.ends),
        }
        if a == -1:
            with models.reference.model() as reference:
                texts = reference.generate(ids, **options)
        else:
            # One of its own for every call: it holds the reference's cache.
            guidance = UnbatchedClassifierFreeGuidanceLogitsProcessor(1 + a, models.reference, ids, mask)
            processors = LogitsProcessorList([guidance] if a != 0 else [])
            texts = models.policy.generate(ids, logits_processor=processors, **options)
        for row, text in zip(rows, texts[:, ids.shape[1] :].tolist(), strict=True):
            found[row] = ended(text, models.ends)
    return [found[row] for row in range(len(prompts))]


def ended(ids: Ids, ends: frozenset[int]) -> tuple[int, ...]:
    """Up to and including the first token that ends it."""
    last = next((i for i, token in enumerate(ids) if token in ends), len(ids) - 1)
    return tuple(ids[: last + 1])


@dataclass(frozen=True)
class Measured:
    """Of one completion, summed over its tokens, in nats."""

    log_ratio: float
    """log π_θ(y|x) − log π_ref(y|x)"""
    kl: float
    """KL(π_θ‖π_ref) over the full vocabulary at every visited position (Rao–Blackwellised)."""
    entropy: float


@torch.no_grad()
def measure(models: Models, prompts: Sequence[Ids], completions: Sequence[Ids]) -> list[Measured]:
    texts = [[*prompt, *completion] for prompt, completion in zip(prompts, completions, strict=True)]
    ids, mask = padded(texts, models.padding, "right", models.device)
    own = torch.zeros_like(mask)
    for i, (prompt, completion) in enumerate(zip(prompts, completions, strict=True)):
        own[i, len(prompt) : len(prompt) + len(completion)] = 1
    own = own[:, 1:].bool()  # [B, T − 1]
    policy = models.policy(ids, attention_mask=mask).logits[:, :-1].float().log_softmax(-1)  # [B, T − 1, V]
    reference = models.reference(ids, attention_mask=mask).logits[:, :-1].float().log_softmax(-1)
    ratio = policy - reference
    taken = ratio.gather(2, ids[:, 1:, None])[..., 0]
    sums = [
        (values * own).sum(1).tolist()
        for values in (taken, (policy.exp() * ratio).sum(-1), -(policy.exp() * policy).sum(-1))
    ]
    return [Measured(*values) for values in zip(*sums, strict=True)]
