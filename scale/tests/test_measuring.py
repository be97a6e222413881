from functools import partial

import pytest
import torch
from tiny import END, all_completions, distribution, gpt2, llama, two

from pilaf_scale.models import measure

PROMPTS = [[1, 5], [1, 4, 3, 7]]


def expectation(p, values):
    return float((p * torch.tensor(values, dtype=torch.float64)).sum())


@pytest.mark.parametrize("make", [llama, gpt2])
def test_expectations_over_all_completions_are_exact(make) -> None:
    """The mean of what is measured over the policy's texts is KL and entropy by enumeration."""
    models = two(make(0), make(1))
    for prompt in PROMPTS:
        policy = distribution(models, prompt, 0, 1)
        reference = distribution(models, prompt, -1, 1)
        texts = all_completions()
        found = measure(models, [prompt] * len(texts), texts)
        p = torch.tensor([policy[text] for text in texts], dtype=torch.float64)
        q = torch.tensor([reference[text] for text in texts], dtype=torch.float64)
        ratios = torch.tensor([one.log_ratio for one in found])
        assert torch.allclose(ratios.double(), (p / q).log(), atol=1e-4)
        mean = partial(expectation, p)
        assert mean([one.kl for one in found]) == pytest.approx(float((p * (p / q).log()).sum()), abs=1e-5)
        assert mean([one.entropy for one in found]) == pytest.approx(float(-(p * p.log()).sum()), abs=1e-5)


def test_padding_changes_nothing() -> None:
    models = two(llama(0), llama(1))
    prompts, texts = [[1, 5], [1, 4, 3, 7]], [(3, END), (END,)]
    together = measure(models, prompts, texts)
    alone = [measure(models, [prompt], [text])[0] for prompt, text in zip(prompts, texts, strict=True)]
    for one, other in zip(together, alone, strict=True):
        assert (one.log_ratio, one.kl, one.entropy) == pytest.approx(
            (other.log_ratio, other.kl, other.entropy), abs=1e-5
        )
