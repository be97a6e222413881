"""Preference pairs: drawn as an arm's sampler says, labelled by the oracle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from accelerate import PartialState
from accelerate.utils import gather_object

from .models import Ids, Measured, Models, draw, measure
from .oracles import Oracle
from .samplers import Sampler, select


@dataclass(frozen=True)
class PreferencePair:
    prompt: tuple[int, ...]
    chosen: tuple[int, ...]
    rejected: tuple[int, ...]


@dataclass(frozen=True)
class Labeller:
    """How two rewards become a label."""

    certain: bool
    """Whether the higher one always wins."""
    flip: float

    def probability(self, first: float, second: float) -> float:
        """Of the label "the first is better": σ(r(a) − r(b)) by Bradley and Terry, and what flips of it leave."""
        gap = first - second
        by_rule = float(np.heaviside(gap, 0.5)) if self.certain else float(np.exp(-np.logaddexp(0, -gap)))
        return (1 - self.flip) * by_rule + self.flip * (1 - by_rule)


Row = TypeVar("Row")


@dataclass(frozen=True)
class Judged:
    """A completion with its reward."""

    ids: tuple[int, ...]
    reward: float


@dataclass(frozen=True)
class Collecting:
    """All that pairs are made with, but the sampler. Processes that run together share the work; all know the whole."""

    models: Models
    oracle: Oracle
    labeller: Labeller
    prompts: Sequence[Ids]
    most_tokens: int
    batch: int

    def pairs(self, sampler: Sampler, count: int, random: np.random.Generator) -> tuple[list[PreferencePair], int]:
        """And what sampling them took, in passes of a model. Draws from `random` the same in every process."""
        prompts = [tuple(self.prompts[i]) for i in random.integers(len(self.prompts), size=count)]
        coefficients = [sampler.coefficients(random) for _ in prompts]
        chances = random.random(count)

        def own(pairs: Sequence[int]) -> list[tuple[Judged, Judged]]:
            return self._shown(sampler, [prompts[p] for p in pairs], [coefficients[p] for p in pairs])

        shown = shared(own, count)
        passes = sum(sampler.passes(a) for of_pair in coefficients for a in of_pair)
        return [self._labelled(*pair) for pair in zip(prompts, shown, chances, strict=True)], passes

    def _labelled(self, prompt: tuple[int, ...], shown: tuple[Judged, Judged], chance: float) -> PreferencePair:
        first, second = shown
        is_first = chance < self.labeller.probability(first.reward, second.reward)
        return PreferencePair(prompt, *((first.ids, second.ids) if is_first else (second.ids, first.ids)))

    def _shown(
        self, sampler: Sampler, prompts: Sequence[Ids], coefficients: Sequence[list[float]]
    ) -> list[tuple[Judged, Judged]]:
        """The two completions of each pair that the annotator reads."""
        n = sampler.candidates
        asked = [prompt for prompt in prompts for _ in range(n)]
        texts = self.draw(asked, [a for of_pair in coefficients for a in of_pair], sampler.temperature)
        ratios = [0.0] * len(texts)
        rewards = [0.0] * len(texts)
        if sampler.selection == "oracle-extremes":
            rewards = self.rewards(asked, texts)
        elif sampler.selection != "pair":
            ratios = [one.log_ratio for one in self.measure(asked, texts)]
        places = [
            start + place
            for start in range(0, len(texts), n)
            for place in select(
                sampler.selection, ratios[start : start + n], rewards[start : start + n], texts[start : start + n]
            )
        ]
        chosen = [texts[row] for row in places]
        judged = [
            Judged(*pair) for pair in zip(chosen, self.rewards([asked[row] for row in places], chosen), strict=True)
        ]
        return list(zip(judged[::2], judged[1::2], strict=True))

    def draw(self, prompts: Sequence[Ids], coefficients: Sequence[float], temperature: float) -> list[tuple[int, ...]]:
        """Rows of one coefficient lie together, so that few batches need several passes."""
        order = sorted(range(len(prompts)), key=lambda row: coefficients[row])
        found: dict[int, tuple[int, ...]] = {}
        for rows in in_batches(order, self.batch):
            texts = draw(
                self.models,
                [prompts[row] for row in rows],
                [coefficients[row] for row in rows],
                temperature=temperature,
                most_tokens=self.most_tokens,
            )
            found.update(zip(rows, texts, strict=True))
        return [found[row] for row in range(len(prompts))]

    def measure(self, prompts: Sequence[Ids], texts: Sequence[Ids]) -> list[Measured]:
        batches = in_batches(list(zip(prompts, texts, strict=True)), self.batch)
        return [one for rows in batches for one in measure(self.models, *zip(*rows, strict=True))]

    def rewards(self, prompts: Sequence[Ids], texts: Sequence[Ids]) -> list[float]:
        batches = in_batches(list(zip(prompts, texts, strict=True)), self.batch)
        return [one for rows in batches for one in self.oracle.rewards(*zip(*rows, strict=True))]


def shared(work: Callable[[Sequence[int]], list[Row]], count: int) -> list[Row]:
    """Rows 0 … count − 1 of work that all processes of a run do together: each does its share, and gets all."""
    state = PartialState()
    size = -(-count // state.num_processes)
    own = range(count)[state.process_index * size : (state.process_index + 1) * size]
    # The library gathers lists, an item each.
    return gather_object(work(own) if own else [])


def in_batches(rows: Sequence[Row], size: int) -> list[Sequence[Row]]:
    return [rows[i : i + size] for i in range(0, len(rows), size)]
