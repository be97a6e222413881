"""What all runs of an experiment share: device, tokenizer, prompts, oracle; and how a run is made of them."""

import gc
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import DistributedType, PartialState
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, PreTrainedModel

from .collecting import Collecting, Labeller, PreferencePair
from .models import Ids, Models, Reference
from .oracles import LabOracle, Oracle, RewardModel
from .results import run_result
from .running import Run
from .settings import Arm, Loss, Settings
from .training import Learner, dpo_arguments

SHARED = (DistributedType.NO, DistributedType.MULTI_CPU, DistributedType.MULTI_GPU)


class Laboratory:
    def __init__(self, settings: Settings) -> None:
        """Raises OSError and ValueError for what cannot be read or run."""
        self.settings = settings
        state = PartialState(cpu=not torch.cuda.is_available())
        if state.distributed_type not in SHARED:
            # They make optimisers of their own at every train().
            raise ValueError(f"{state.distributed_type.value} is not supported; give every process a copy of the model")
        if settings.pairs % state.num_processes != 0:
            raise ValueError(
                f"experiment.schedule.pairs: {settings.pairs} is no multiple of the {state.num_processes} processes"
            )
        self.device = state.device
        self.is_main = state.is_main_process
        self.processes = state.num_processes
        self.tokenizer = AutoTokenizer.from_pretrained(settings.model, padding_side="left")
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        prompts = json.loads(Path(settings.prompts).read_text())
        if not all(isinstance(prompts.get(kind), list) and prompts[kind] for kind in ("training", "test")):
            raise ValueError(f'{settings.prompts}: "training" and "test" must be lists of prompts')
        self.prompts, self.test_prompts = ([self._ids(one) for one in prompts[kind]] for kind in ("training", "test"))
        asked = [one for kind in ("training", "test") for one in prompts[kind] if isinstance(one, str)]
        self.questions = {tuple(self._ids(one)): one for one in asked}
        self.oracle = self._oracle()

    def close(self) -> None:
        """Ends what runs beside: the oracle's process, and the connection of all processes."""
        self.oracle.close()
        disconnect()

    def _ids(self, prompt: str | list[int]) -> list[int]:
        """As the model wants to be asked: by its template, where it has one."""
        if isinstance(prompt, list):
            return prompt
        if self.tokenizer.chat_template is None:
            return list(self.tokenizer(prompt).input_ids)
        message = [{"role": "user", "content": prompt}]
        return list(self.tokenizer.apply_chat_template(message, add_generation_prompt=True, return_dict=False))

    def _text(self, ids: Ids) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))

    def _oracle(self) -> Oracle:
        given = self.settings.oracle
        if "lab" in given:
            return LabOracle(given["lab"], self.settings.folder)
        asked = lambda ids: self.questions.get(tuple(ids)) or self._text(ids)
        return RewardModel(given["model"], asked, self._text, self.device)

    def _model(self) -> PreTrainedModel:
        # Weights that are trained stay in float32: a small step would be rounded away. TRL casts where it computes.
        is_frozen = self.settings.lora > 0
        dtype = torch.bfloat16 if self.settings.precision == "bf16" and is_frozen else torch.float32
        model = AutoModelForCausalLM.from_pretrained(self.settings.model, dtype=dtype).to(self.device).eval()
        ends = model.generation_config.eos_token_id
        if ends is None:
            raise ValueError(f"{self.settings.model}: the model names no token that ends a text (eos_token_id)")
        # A model's own penalties and cut-offs would change what is drawn.
        model.generation_config = GenerationConfig(eos_token_id=ends, pad_token_id=self.tokenizer.pad_token_id)
        return model

    def _models(self, seed: int) -> Models:
        torch.manual_seed(seed)
        policy, reference = self._model(), None
        if self.settings.lora == 0:
            reference = self._model()
        else:
            adapter = LoraConfig(r=self.settings.lora, target_modules="all-linear", task_type="CAUSAL_LM")
            policy = get_peft_model(policy, adapter)
        ends = policy.generation_config.eos_token_id
        ends = frozenset(ends if isinstance(ends, list) else [ends])
        return Models(policy, Reference(policy, reference), ends, self.tokenizer.pad_token_id)

    def run(self, arm: Arm, seed: int, pairs: Path | None, weights: Path | None) -> dict[str, Any]:
        settings = self.settings
        # What the last run held, which its training had kept from being looked through.
        gc.unfreeze()
        gc.collect()
        torch.cuda.empty_cache()
        models = self._models(seed)
        collecting = Collecting(
            models,
            self.oracle,
            Labeller(settings.certain, settings.flip),
            self.prompts,
            settings.most_tokens,
            settings.device_batch,
        )
        name = f"{arm.file}-seed{seed}"
        write = pair_writer(pairs / f"{name}.jsonl", self._text) if pairs and self.is_main else lambda *_: None
        run = Run(settings, arm, seed, collecting, self.test_prompts, write)

        def learner(rate: float, falls_over: int | None, loss: Loss) -> Learner:
            return Learner(
                models.policy,
                models.reference.own,
                self.tokenizer,
                arguments=dpo_arguments(
                    folder=settings.folder / "trainer",
                    pairs=settings.pairs // self.processes,
                    at_once=settings.device_batch,
                    beta=arm.beta,
                    loss=loss,
                    clip=settings.clip,
                    is_bf16=settings.precision == "bf16",
                    is_cpu=self.device.type == "cpu",
                    seed=seed,
                ),
                learning_rate=rate,
                falls_over=falls_over,
                optimiser=settings.optimiser,
            )

        run.go(learner)
        if weights and self.is_main:
            models.policy.save_pretrained(weights / name)
            self.tokenizer.save_pretrained(weights / name)
        return run_result(arm, seed, run.evaluations, run.diverged)


def pair_writer(path: Path, text: Callable[[Ids], str]) -> Callable[[int, Sequence[PreferencePair]], None]:
    """Pairs as prompt, chosen and rejected in words, which other trainers take too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")

    def write(number: int, pairs: Sequence[PreferencePair]) -> None:
        with path.open("a") as file:
            for pair in pairs:
                words = {name: text(getattr(pair, name)) for name in ("prompt", "chosen", "rejected")}
                file.write(json.dumps({"round": number, **words}, ensure_ascii=False) + "\n")

    return write


def disconnect() -> None:
    """For the end, when nobody holds a learner: a process that exits while its connection has threads is aborted."""
    gc.collect()
    PartialState().destroy_process_group()
