"""TRL's trainer as it is used here, against DPO written out."""

import copy

import numpy as np
import pytest
import torch
from tiny import END, llama
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

from pilaf_scale.collecting import PreferencePair
from pilaf_scale.training import Learner

PAIRS = [
    PreferencePair((1, 5), (3, END), (4, 4)),
    PreferencePair((1, 4, 3, 7), (END,), (5, 6)),
    PreferencePair((1, 5), (6, 7), (8, END)),
    PreferencePair((1, 5), (7, END), (3, 3)),
]
OPTIMISER = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0}
RATE = 0.01
BETA = 0.3


def learner(tmp_path, policy, reference, *, batch, loss="sigmoid", smoothing=0.0, falls_over=None) -> Learner:
    words = {f"w{i}": i for i in range(9)}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(words, unk_token="w0")), pad_token="w0", eos_token="w2"
    )
    arguments = {
        "output_dir": str(tmp_path),
        "per_device_train_batch_size": batch,
        "beta": BETA,
        "loss_type": [loss],
        "label_smoothing": smoothing,
        "max_grad_norm": 0.0,
        "max_length": None,
        "bf16": False,
        "use_cpu": True,
        "activation_checkpointing": False,
        "logging_strategy": "no",
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
    }
    return Learner(
        policy,
        reference,
        tokenizer,
        arguments=arguments,
        learning_rate=RATE,
        falls_over=falls_over,
        optimiser=OPTIMISER,
    )


def log_prob(model, prompt, text):
    ids = torch.tensor([[*prompt, *text]])
    logs = model(ids).logits[0, :-1].log_softmax(-1)
    return sum(logs[len(prompt) + t - 1, token] for t, token in enumerate(text))


def margins(policy, reference):
    for one in PAIRS:
        with torch.no_grad():
            base = log_prob(reference, one.prompt, one.chosen) - log_prob(reference, one.prompt, one.rejected)
        yield BETA * (log_prob(policy, one.prompt, one.chosen) - log_prob(policy, one.prompt, one.rejected) - base)


LOSSES = {
    "sigmoid": lambda margin: -torch.nn.functional.logsigmoid(margin),
    "hinge": lambda margin: torch.relu(1 - margin),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_steps_are_those_of_dpo_with_one_adamw(tmp_path, loss: str) -> None:
    """Three rounds of one minibatch are three steps of one optimiser, whose averages no round forgets."""
    policy, reference = llama(0), llama(1)
    by_hand = copy.deepcopy(policy)
    optimiser = torch.optim.AdamW(by_hand.parameters(), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0)
    ours = learner(tmp_path, policy, reference, batch=len(PAIRS), loss=loss)
    steps = []
    for _ in range(3):
        ours.train(PAIRS, 1, lambda: steps.append(1))
        optimiser.zero_grad()
        torch.stack([LOSSES[loss](margin) for margin in margins(by_hand, reference)]).mean().backward()
        optimiser.step()
    assert len(steps) == 3
    for (name, one), other in zip(policy.named_parameters(), by_hand.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5), name
    assert not policy.training


def test_the_rate_falls_over_all_rounds(tmp_path) -> None:
    ours = learner(tmp_path, llama(0), llama(1), batch=2, falls_over=4)
    rates = []
    for _ in range(2):
        ours.train(PAIRS, 2, lambda: rates.append(ours.schedule.get_last_lr()[0]))
    assert rates == pytest.approx([RATE * share for share in (0.75, 0.5, 0.25, 0)])


def test_a_round_learns_from_each_of_its_pairs(tmp_path) -> None:
    policy, reference = llama(0), llama(1)
    before = [margin.item() for margin in margins(policy, reference)]
    seen = []
    learner(tmp_path, policy, reference, batch=1).train(PAIRS, 2 * len(PAIRS), lambda: seen.append(1))
    assert len(seen) == 2 * len(PAIRS)
    after = [margin.item() for margin in margins(policy, reference)]
    assert all(late > early for late, early in zip(after, before, strict=True))


def test_training_leaves_the_random_numbers_of_sampling_alone(tmp_path) -> None:
    ours = learner(tmp_path, llama(0), llama(1), batch=2)
    drawn = []
    torch.manual_seed(5)
    np.random.seed(5)
    for _ in range(3):
        drawn.append(torch.rand(1).item())
        ours.train(PAIRS, 2, lambda: None)
    assert len(set(drawn)) == 3
