import math

import numpy as np
import pytest
from tiny import llama, two

from pilaf_scale.collecting import Collecting, Labeller
from pilaf_scale.samplers import ROWS, resolve, select


class ByLength:
    """A longer text is better, and how often it was asked is counted."""

    def __init__(self) -> None:
        self.read = 0

    def rewards(self, prompts, completions):
        self.read += len(completions)
        return [float(len(text)) + text[0] / 10 for text in completions]

    def close(self) -> None: ...


def collecting(oracle, certain=True) -> Collecting:
    return Collecting(two(llama(0), llama(1)), oracle, Labeller(certain, 0), [[1, 5], [1, 4, 3, 7]], 2, 64)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if not row["enumerable"]])
def test_every_sampler_of_the_table_makes_labelled_pairs(name: str) -> None:
    own = {"mixture": [{"weight": 1, "first": 0.3, "second": -1}]}
    sampler = resolve({"sampler": name, "n": 4, **(own if name == "custom" else {})}, 0.5)
    oracle = ByLength()
    pairs, passes = collecting(oracle).pairs(sampler, 20, np.random.default_rng(0))
    assert len(pairs) == 20
    reward = lambda text: len(text) + text[0] / 10
    assert all(reward(one.chosen) >= reward(one.rejected) for one in pairs)
    assert {one.prompt for one in pairs} == {(1, 5), (1, 4, 3, 7)}
    # The oracle reads what is shown, and all candidates only where the rule goes by its score.
    assert oracle.read == 20 * (sampler.candidates + 2 if sampler.selection == "oracle-extremes" else 2)
    per_pair = {"vanilla": 2, "hybrid": 2, "reference": 2, "simplemix": 2, "dpo-mix-p": 4, "custom": 3}
    if name == "pilaf":
        assert 2 * 20 < passes < 4 * 20
    else:
        assert passes == 20 * per_pair.get(name, 4)


def test_pilaf_takes_half_its_pairs_from_the_policy() -> None:
    sampler = resolve({"sampler": "pilaf"}, 0.1)
    random = np.random.default_rng(1)
    kinds = [tuple(sampler.coefficients(random)) for _ in range(4000)]
    assert set(kinds) == {(0, 0), (0.1, -0.1)}
    assert abs(kinds.count((0, 0)) - 2000) < 4 * math.sqrt(1000)
    assert set(resolve({"sampler": "pilaf", "alpha": 0.5}, 0.1).coefficients(random)) <= {0, 0.5, -0.5}


def test_a_schedule_of_alpha_falls_to_nothing() -> None:
    sampler = resolve({"sampler": "pilaf", "alpha": 1, "alphaSchedule": "linear"}, 0.1)
    assert [one.first for one in sampler.at(0.75).mixture] == [0, 0.25]
    assert [one.second for one in sampler.at(1).mixture] == [0, 0]


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row["enumerable"]])
def test_samplers_that_enumerate_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="only where every completion can be enumerated"):
        resolve({"sampler": name}, 1)


def test_labels_follow_bradley_and_terry() -> None:
    assert Labeller(False, 0).probability(1, 0) == pytest.approx(1 / (1 + math.exp(-1)))
    assert Labeller(False, 0.1).probability(1, 0) == pytest.approx(0.8 / (1 + math.exp(-1)) + 0.1)
    assert Labeller(False, 0).probability(-900, 900) == 0
    assert [Labeller(True, 0).probability(*pair) for pair in ((2, 1), (1, 1), (1, 2))] == [1, 0.5, 0]
    assert Labeller(True, 0.25).probability(1, 2) == 0.25


def test_rules_of_selection() -> None:
    ids = [(3,), (4,), (5,), (6,)]
    assert select("pair", [0] * 4, [0] * 4, ids) == (0, 1)
    assert select("implicit-extremes", [0.1, 0.9, -1, 0.9], [0] * 4, ids) == (1, 2)
    assert select("oracle-extremes", [0] * 4, [3, 1, 2, 0], ids) == (0, 3)
    assert select("implicit-extremes", [1, 1, 1, 1], [0] * 4, ids) == (0, 3)
    assert select("implicit-closest", [0.1, 0.9, -1, 0.85], [0] * 4, ids) == (1, 3)
    # The same text twice tells nothing.
    assert select("implicit-closest", [0.5, 0.5, 0, -1], [0] * 4, [(3,), (3,), (4,), (5,)]) == (0, 2)
    assert select("implicit-closest", [1, 1], [0] * 2, [(3,), (3,)]) == (0, 1)


def test_rounds_draw_new_texts() -> None:
    made = collecting(ByLength())
    random = np.random.default_rng(0)
    sampler = resolve({"sampler": "vanilla"}, 1)
    rounds = [made.pairs(sampler, 10, random)[0] for _ in range(3)]
    assert rounds[0] != rounds[1] != rounds[2]
