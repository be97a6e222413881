"""The page's table of samplers, which `lab samplers --json` prints, and what an arm makes of it."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

import numpy as np

ROWS: dict[str, dict[str, Any]] = {
    row["name"]: row
    for row in json.loads(resources.files(__package__).joinpath("samplers.json").read_text())["samplers"]
}


@dataclass(frozen=True)
class Component:
    """Pairs whose completions are drawn from softmax(h_θ + a·(h_θ − h_ref)) with these two a, and how often."""

    weight: float
    first: float
    second: float


@dataclass(frozen=True)
class Sampler:
    """A sampler with an arm's numbers filled in."""

    mixture: tuple[Component, ...]
    selection: str
    candidates: int
    """Completions drawn for a pair."""
    temperature: float
    fades: bool
    """Whether its coefficients fall to 0 as training goes on."""
    interpolates: bool
    """Whether a completion at a = −1 counts as drawn by two models, as at any other a but 0."""

    def at(self, share: float) -> "Sampler":
        """As it draws after a share of all steps, from 0 to 1."""
        if not self.fades:
            return self
        left = 1 - share
        mixture = tuple(Component(c.weight, left * c.first, left * c.second) for c in self.mixture)
        return replace(self, mixture=mixture)

    def passes(self, coefficient: float) -> int:
        """Of a model for a completion, as the paper's Table 1 counts them."""
        return 1 if coefficient == 0 or (coefficient == -1 and not self.interpolates) else 2

    @property
    def shown(self) -> int:
        """Completions that a pair's annotator reads."""
        return self.candidates if self.selection == "oracle-extremes" else 2

    def coefficients(self, random: np.random.Generator) -> list[float]:
        """One for each candidate of a pair."""
        weights = np.array([component.weight for component in self.mixture])
        chosen = self.mixture[random.choice(len(weights), p=weights / weights.sum())]
        return [chosen.first if i % 2 == 0 else chosen.second for i in range(self.candidates)]


def resolve(arm: dict[str, Any], beta: float) -> Sampler:
    """Raises ValueError for a sampler that needs every completion's probability."""
    row = ROWS[arm["sampler"]]
    alpha = beta if arm.get("alpha") is None else float(arm["alpha"])
    own = arm.get("mixture", [])
    mixture = own if row["takesMixture"] else row["mixture"]
    if row["enumerable"] or any("uniform" in (c["first"], c["second"]) for c in mixture):
        raise ValueError(f"{row['title']} exists only where every completion can be enumerated, as on a bandit")
    return Sampler(
        mixture=tuple(
            Component(float(c["weight"]), _value(c["first"], alpha), _value(c["second"], alpha)) for c in mixture
        ),
        selection=row["selection"],
        candidates=int(arm.get("n", 8)) if row["takesN"] else 2,
        temperature=float(arm.get("temperature", 1)),
        fades=arm.get("alphaSchedule") == "linear",
        interpolates=row["interpolates"],
    )


def _value(coefficient: Any, alpha: float) -> float:
    if isinstance(coefficient, dict):
        return float(coefficient["constant"]) + alpha * float(coefficient["alpha"])
    return float(coefficient)


def select(
    selection: str, log_ratios: Sequence[float], rewards: Sequence[float], ids: Sequence[tuple[int, ...]]
) -> tuple[int, int]:
    """The places of the two completions that are shown, as `src/experiment/samplers/select.ts` takes them."""
    if selection == "pair":
        return 0, 1
    if selection == "implicit-closest":
        return _closest(log_ratios, ids)
    scores = rewards if selection == "oracle-extremes" else log_ratios
    best, worst = int(np.argmax(scores)), int(np.argmin(scores))
    return (0, len(scores) - 1) if best == worst else (best, worst)


def _closest(log_ratios: Sequence[float], ids: Sequence[tuple[int, ...]]) -> tuple[int, int]:
    different = [i for i, own in enumerate(ids) if own not in ids[:i]]
    different.sort(key=lambda i: (-log_ratios[i], ids[i]))
    if len(different) < 2:
        return 0, len(ids) - 1
    gaps = [log_ratios[a] - log_ratios[b] for a, b in itertools.pairwise(different)]
    least = int(np.argmin(gaps))
    return different[least], different[least + 1]
