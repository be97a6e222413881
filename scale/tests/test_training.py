"""TRL's trainer as it is used here, against DPO written out."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny import END, llama, two
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

from pilaf_scale.collecting import PreferencePair
from pilaf_scale.models import measure
from pilaf_scale.settings import Loss
from pilaf_scale.training import Learner, dpo_arguments

PAIRS = [
    PreferencePair((1, 5), (3, END), (4, 4)),
    PreferencePair((1, 4, 3, 7), (END,), (5, 6)),
    PreferencePair((1, 5), (6, 7), (8, END)),
    PreferencePair((1, 5), (7, END), (3, 3)),
]
OPTIMISER = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0}
RATE = 0.01
BETA = 0.3


def learner(
    tmp_path, policy, reference, *, batch, loss="sigmoid", smoothing=0.0, falls_over=None, at_once=None
) -> Learner:
    words = {f"w{i}": i for i in range(9)}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(words, unk_token="w0")), pad_token="w0", eos_token="w2"
    )
    arguments = dpo_arguments(
        folder=tmp_path,
        pairs=batch,
        at_once=at_once or batch,
        beta=BETA,
        loss=Loss(loss, smoothing),
        clip=None,
        is_bf16=False,
        is_cpu=True,
        seed=0,
    )
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
@pytest.mark.parametrize("at_once", [4, 3, 1])
def test_steps_are_those_of_dpo_with_one_adamw(tmp_path, loss: str, at_once: int) -> None:
    """
    Three rounds of one minibatch are three steps of one optimiser, whose averages no round forgets, whatever the device
    takes at once.
    """
    policy, reference = llama(0), llama(1)
    by_hand = copy.deepcopy(policy)
    optimiser = torch.optim.AdamW(by_hand.parameters(), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0)
    ours = learner(tmp_path, policy, reference, batch=len(PAIRS), loss=loss, at_once=at_once)
    steps = []
    for _ in range(3):
        ours.train(PAIRS, 1, lambda: steps.append(1) or True)
        optimiser.zero_grad()
        torch.stack([LOSSES[loss](margin) for margin in margins(by_hand, reference)]).mean().backward()
        optimiser.step()
    assert len(steps) == 3
    for (name, one), other in zip(policy.named_parameters(), by_hand.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5), name
    assert not policy.training


def test_two_processes_train_as_one(tmp_path) -> None:
    """Each on its half of a minibatch, and no pair twice."""
    alone = llama(0)
    ours = learner(tmp_path, alone, llama(1), batch=len(PAIRS))
    for _ in range(3):
        ours.train(PAIRS, 1, lambda: True)
    script = Path(__file__).with_name("two_processes.py")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "PYTHONPATH": str(script.parents[1])}
    ran = subprocess.run([*torchrun, str(script), str(tmp_path)], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    together = torch.load(tmp_path / "learnt.pt")
    for name, weights in alone.state_dict().items():
        assert torch.allclose(together[name], weights, atol=1e-5), name


def test_the_rate_falls_over_all_rounds(tmp_path) -> None:
    ours = learner(tmp_path, llama(0), llama(1), batch=2, falls_over=4)
    rates = []
    for _ in range(2):
        ours.train(PAIRS, 2, lambda: rates.append(ours.schedule.get_last_lr()[0]) or True)
    assert rates == pytest.approx([RATE * share for share in (0.75, 0.5, 0.25, 0)])


def test_a_round_learns_from_each_of_its_pairs(tmp_path) -> None:
    policy, reference = llama(0), llama(1)
    before = [margin.item() for margin in margins(policy, reference)]
    seen = []
    learner(tmp_path, policy, reference, batch=1).train(PAIRS, 2 * len(PAIRS), lambda: seen.append(1) or True)
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
        ours.train(PAIRS, 2, lambda: True)
    assert len(set(drawn)) == 3


def test_it_ends_where_it_is_told_to(tmp_path) -> None:
    ours = learner(tmp_path, llama(0), llama(1), batch=1)
    seen = []
    ours.train(PAIRS, 10, lambda: len(seen) < 2 and not seen.append(1))
    assert len(seen) == 2


def test_an_adapter_learns_against_the_model_without_it(tmp_path) -> None:
    """Also where it is trained anew: TRL would take what it was then for the reference."""
    torch.manual_seed(0)
    policy = get_peft_model(llama(0), LoraConfig(r=4, target_modules="all-linear"))
    base = two(policy, None)
    for _ in range(2):
        learner(tmp_path, policy, None, batch=4).train(PAIRS, 3, lambda: True)
        assert list(policy.peft_config) == ["default"]
    found = measure(base, [one.prompt for one in PAIRS], [one.chosen for one in PAIRS])
    with torch.no_grad():
        for one, own in zip(PAIRS, found, strict=True):
            expected = log_prob(policy, one.prompt, one.chosen) - log_prob(llama(0), one.prompt, one.chosen)
            assert own.log_ratio == pytest.approx(float(expected), abs=1e-4)
            assert abs(own.log_ratio) > 1e-3
