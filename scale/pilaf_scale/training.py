"""DPO by TRL, round after round: pairs are collected under one policy, which then trains on them."""

import gc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase, PrinterCallback, TrainerCallback, TrainerControl
from trl import DPOConfig, DPOTrainer

from .collecting import PreferencePair
from .settings import Loss


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

    def train(self, pairs: Sequence[PreferencePair], steps: int, after_step: Callable[[], bool]) -> None:
        """
        So many minibatches of the pairs, in a new order for every pass over them.

        :param after_step: says whether to go on
        """
        if self.trainer is None:
            # Whoever makes a trainer seeds the global random numbers, and would draw the same texts again.
            with torch.random.fork_rng():
                self.trainer = self._trainer(pairs)
            # Every train() collects garbage among all that lives, which takes longer than a small step. What lives now
            # is left out until the next run.
            gc.collect()
            gc.freeze()
        self.trainer.train_dataset = rows_of(pairs)
        self.trainer.args.max_steps = steps
        callback = AfterStep(after_step)
        self.trainer.add_callback(callback)
        self.trainer.train()
        self.trainer.remove_callback(callback)
        self.policy.eval()

    def _trainer(self, pairs: Sequence[PreferencePair]) -> RoundTrainer:
        trainer = RoundTrainer(
            self.policy,
            self.reference,
            self.arguments,
            train_dataset=rows_of(pairs),
            processing_class=self.tokenizer,
            optimizers=(self.optimiser, self.schedule),
        )
        # It prints a line for every round.
        trainer.remove_callback(PrinterCallback)
        # TRL keeps a copy of an adapter as the reference; ours is the model without one.
        if "ref" in getattr(self.policy, "peft_config", {}):
            self.policy.delete_adapter("ref")
        return trainer


class AfterStep(TrainerCallback):
    def __init__(self, goes_on: Callable[[], bool]) -> None:
        self.goes_on = goes_on

    def on_step_end(self, _arguments: Any, _state: Any, control: TrainerControl, **_: Any) -> TrainerControl:
        control.should_training_stop |= not self.goes_on()
        return control


def dpo_arguments(
    *,
    folder: Path,
    pairs: int,
    at_once: int,
    beta: float,
    loss: Loss,
    clip: float | None,
    is_bf16: bool,
    is_cpu: bool,
    seed: int,
) -> dict[str, Any]:
    """
    TRL's: of each step all of the minibatch, in equal parts that the device can hold.

    :param pairs: of this process in a minibatch
    """
    part = max(size for size in range(1, min(at_once, pairs) + 1) if pairs % size == 0)
    return {
        "output_dir": str(folder),
        "per_device_train_batch_size": part,
        "gradient_accumulation_steps": pairs // part,
        "beta": beta,
        "loss_type": [loss.kind],
        "label_smoothing": loss.smoothing,
        "max_grad_norm": 0.0 if clip is None else clip,
        "max_length": None,
        "bf16": is_bf16,
        "use_cpu": is_cpu,
        "activation_checkpointing": False,
        "seed": seed,
        # Processes share the pairs by one order, whatever random numbers they draw texts by.
        "data_seed": seed,
        "logging_strategy": "no",
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
    }
