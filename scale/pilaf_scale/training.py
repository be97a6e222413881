"""DPO by TRL, round after round: pairs are collected under one policy, which then trains on them."""

import gc
from collections.abc import Callable, Sequence
from typing import Any

import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback, TrainerCallback
from trl import DPOConfig, DPOTrainer

from .collecting import PreferencePair


class RoundTrainer(DPOTrainer):
    """TRL's trainer on pairs of token ids: what was drawn is trained on, and not what its text is tokenised to."""

    def _prepare_dataset(self, dataset: Dataset, *_: Any, **__: Any) -> Dataset:
        return dataset


def rows_of(pairs: Sequence[PreferencePair]) -> Dataset:
    return Dataset.from_list(
        [{"prompt_ids": p.prompt, "chosen_ids": p.chosen, "rejected_ids": p.rejected} for p in pairs]
    )


class Learner:
    """A policy in training. Its optimiser lives as long as it does, whatever the rounds."""

    def __init__(
        self,
        policy: PreTrainedModel,
        reference: PreTrainedModel | None,
        tokenizer: PreTrainedTokenizerBase,
        *,
        arguments: dict[str, Any],
        learning_rate: float,
        falls_over: int | None,
        optimiser: dict[str, Any],
    ) -> None:
        """
        :param arguments: of TRL's DPOConfig
        :param falls_over: steps in which the learning rate falls in a line to 0; None where it stays
        """
        self.policy = policy
        self.reference = reference
        self.tokenizer = tokenizer
        self.arguments = DPOConfig(**arguments)
        self.optimiser = torch.optim.AdamW(
            [weights for weights in policy.parameters() if weights.requires_grad],
            lr=learning_rate,
            betas=(float(optimiser["beta1"]), float(optimiser["beta2"])),
            eps=float(optimiser["epsilon"]),
            weight_decay=float(optimiser["weightDecay"]),
        )
        fall: Callable[[int], float] = lambda step: 1.0 if falls_over is None else max(0.0, 1 - step / falls_over)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, fall)
        self.trainer: RoundTrainer | None = None

    def forget_averages(self) -> None:
        self.optimiser.state.clear()

    def train(self, pairs: Sequence[PreferencePair], steps: int, after_step: Callable[[], None]) -> None:
        """So many minibatches of the pairs, in a new order for every pass over them."""
        if self.trainer is None:
            # Whoever makes a trainer seeds the global random numbers, and would draw the same texts again.
            state = torch.get_rng_state()
            self.trainer = RoundTrainer(
                self.policy,
                self.reference,
                self.arguments,
                train_dataset=rows_of(pairs),
                processing_class=self.tokenizer,
                optimizers=(self.optimiser, self.schedule),
            )
            # It prints a line for every round.
            self.trainer.remove_callback(PrinterCallback)
            torch.set_rng_state(state)
            # Every train() collects garbage among all that lives, which takes longer than a small step. What lives now
            # is left out until the next run.
            gc.unfreeze()
            gc.collect()
            gc.freeze()
        self.trainer.train_dataset = rows_of(pairs)
        self.trainer.args.max_steps = steps
        callback = AfterStep(after_step)
        self.trainer.add_callback(callback)
        self.trainer.train()
        self.trainer.remove_callback(callback)
        self.policy.eval()


class AfterStep(TrainerCallback):
    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.call()
