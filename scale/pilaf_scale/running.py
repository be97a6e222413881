"""A run: one arm with one seed, from the reference to the last step."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite, sqrt
from statistics import fmean, variance

import numpy as np
import torch
from accelerate import PartialState

from .collecting import Collecting, PreferencePair, shared
from .models import Ids, Measured
from .samplers import Sampler, resolve
from .settings import Arm, Loss, Rounds, Settings
from .training import Learner

Evaluation = dict[str, float | None]
VANILLA = resolve({"sampler": "vanilla"}, 1)


@dataclass
class Totals:
    """What a run has bought so far, as the paper's Table 1 counts it."""

    labels: int = 0
    annotationCost: int = 0
    samplingCost: int = 0


@dataclass
class Run:
    settings: Settings
    arm: Arm
    seed: int
    collecting: Collecting
    test_prompts: Sequence[Ids]
    on_pairs: Callable[[int, Sequence[PreferencePair]], None]
    """Is told of the pairs of every round; those of an offline start are the round −1."""
    totals: Totals = field(default_factory=Totals)
    evaluations: list[Evaluation] = field(default_factory=list)
    step: int = 0
    diverged: bool = False
    """Whether it has met a number that is not finite; it ends there."""

    def go(self, make_learner: Callable[[float, int | None, Loss], Learner]) -> None:
        """:param make_learner: by learning rate, the steps in which it falls to 0, and loss"""
        settings, arm = self.settings, self.arm
        # Processes draw texts of their own, and all else alike.
        torch.manual_seed(1000 * self.seed + PartialState().process_index)
        random = np.random.default_rng(self.seed)
        if settings.start is not None:
            start = settings.start
            pairs = self._collect(-1, VANILLA, Rounds(start.pairs, start.epochs), random)
            # All arms of a seed start alike.
            learner = make_learner(start.learning_rate, None, settings.loss)
            learner.train(pairs, start.epochs * start.pairs // settings.pairs, self._is_finite)
        learner = make_learner(arm.learning_rate, settings.steps if settings.falls else None, arm.loss)
        self._evaluate()
        pool: list[PreferencePair] = []
        number = 0
        while self.step < settings.steps and not self.diverged:
            rounds = settings.rounds
            pairs = self._collect(number, arm.sampler.at(self.step / settings.steps), rounds, random)
            pool = [*(pool if rounds.accumulate else []), *pairs]
            if rounds.reset_optimiser:
                learner.forget_averages()
            steps = rounds.epochs * len(pool) // settings.pairs
            learner.train(pool, min(steps, settings.steps - self.step), self._stepped)
            number += 1

    def _collect(
        self, number: int, sampler: Sampler, rounds: Rounds, random: np.random.Generator
    ) -> list[PreferencePair]:
        pairs, passes = self.collecting.pairs(sampler, rounds.pairs, random)
        self.totals.labels += len(pairs)
        self.totals.annotationCost += sampler.shown * len(pairs)
        self.totals.samplingCost += passes
        self.on_pairs(number, pairs)
        return pairs

    def _stepped(self) -> bool:
        self.step += 1
        if self._is_finite() and is_evaluated(self.step, self.settings.every, self.settings.steps):
            self._evaluate()
        return not self.diverged

    def _is_finite(self) -> bool:
        own = [weights for weights in self.collecting.models.policy.parameters() if weights.requires_grad]
        self.diverged |= not all(bool(torch.isfinite(weights).all()) for weights in own)
        return not self.diverged

    @torch.no_grad()
    def _evaluate(self) -> None:
        """Of completions of the first test prompts, from the first again where there are fewer than samples."""
        collecting, samples = self.collecting, self.settings.samples
        policy = collecting.models.policy
        prompts = [self.test_prompts[i % len(self.test_prompts)] for i in range(samples)]

        def own(rows: Sequence[int]) -> list[tuple[float, int, Measured]]:
            asked = [prompts[row] for row in rows]
            texts = collecting.draw(asked, [0.0] * len(rows), 1.0)
            return list(
                zip(collecting.rewards(asked, texts), map(len, texts), collecting.measure(asked, texts), strict=True)
            )

        training = policy.training
        policy.eval()
        rewards, lengths, measured = zip(*shared(own, samples), strict=True)
        policy.train(training)
        reward, kl = fmean(rewards), fmean(one.kl for one in measured)
        if not isfinite(reward) or not isfinite(kl):
            self.diverged = True
            return
        self.evaluations.append(
            {
                "step": self.step,
                "reward": reward,
                "kl": kl,
                "objective": reward - self.arm.beta * kl,
                "gap": None,
                "loss": None,
                "chosenReward": None,
                "rejectedReward": None,
                "margin": None,
                "accuracy": None,
                "entropy": fmean(one.entropy for one in measured),
                "length": fmean(lengths),
                "oracleGap": None,
                "rewardSpread": spread(rewards, len(self.test_prompts)),
                "trueReward": None,
                **asdict(self.totals),
            }
        )


def is_evaluated(step: int, every: int, steps: int) -> bool:
    """Every so many steps and at the end; before the first of these also at 1, 2, 5, 10, 20, 50 …"""
    if step == steps:
        return True
    return step % every == 0 if step >= every else str(step).rstrip("0") in ("1", "2", "5")


def spread(rewards: Sequence[float], prompts: int) -> float | None:
    """The standard deviation of rewards within a prompt; None where every prompt has one completion."""
    groups = [rewards[prompt::prompts] for prompt in range(min(prompts, len(rewards)))]
    freedom = sum(len(group) - 1 for group in groups)
    if freedom == 0:
        return None
    return sqrt(sum((len(group) - 1) * variance(group) for group in groups if len(group) > 1) / freedom)
