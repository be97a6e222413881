"""What is drawn, against the exact distribution."""

from collections import Counter

import pytest
import torch
from peft import LoraConfig, get_peft_model
from scipy.stats import chisquare
from tiny import END, LONGEST, distribution, gpt2, llama, two

from pilaf_scale.models import Models, draw, ended

DRAWS = 3000
# Of unequal length, so that one is padded.
PROMPTS = [[1, 5], [1, 4, 3, 7]]


def with_adapter() -> Models:
    torch.manual_seed(2)
    policy = get_peft_model(llama(0), LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    return two(policy.eval(), None)


MODELS = {
    "llama": lambda: two(llama(0), llama(1)),
    "absolute positions": lambda: two(gpt2(0), gpt2(1)),
    "an adapter": with_adapter,
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("a", [0.0, -1.0, 0.7, -0.4])
@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_frequencies_are_those_of_the_exact_distribution(name: str, a: float, temperature: float) -> None:
    models = MODELS[name]()
    torch.manual_seed(3)
    texts = draw(models, PROMPTS * DRAWS, [a] * (2 * DRAWS), temperature=temperature, most_tokens=LONGEST)
    for i, prompt in enumerate(PROMPTS):
        exact = distribution(models, prompt, a, temperature)
        assert sum(exact.values()) == pytest.approx(1, abs=1e-5)
        counts = Counter(texts[i::2])
        assert set(counts) <= set(exact)
        # What is rare is counted together.
        common = [text for text, p in exact.items() if p * DRAWS >= 5]
        expected = [exact[text] * DRAWS for text in common]
        observed = [counts[text] for text in common]
        if DRAWS - sum(expected) > 1:
            expected.append(DRAWS - sum(expected))
            observed.append(DRAWS - sum(observed))
        else:
            expected = [one * sum(observed) / sum(expected) for one in expected]
        assert chisquare(observed, expected).pvalue > 1e-3


def test_mixed_coefficients_keep_their_rows() -> None:
    models = two(llama(0), llama(1))
    prompts = [[1, token] for token in (3, 4, 5, 6)]
    texts = draw(models, prompts, [0.5, -1, 0, 0.5], temperature=1e-4, most_tokens=LONGEST)
    for prompt, a, text in zip(prompts, [0.5, -1, 0, 0.5], texts, strict=True):
        exact = distribution(models, prompt, a, 1e-4)
        assert text == max(exact, key=lambda one: exact[one])


def test_a_text_ends_with_its_first_end() -> None:
    assert ended([3, END, 0, 0], frozenset([END])) == (3, END)
    assert ended([3, 4], frozenset([END])) == (3, 4)
