"""`python -m pilaf_scale experiment.yaml --out results.json`"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from .collecting import Collecting, Labeller, PreferencePair
from .models import Ids, Models, Reference
from .oracles import LabOracle, Oracle, RewardModel
from .results import document, run_result, write_json
from .running import Run
from .settings import Arm, Settings, read_settings
from .training import Learner


def main() -> int:
    parser = argparse.ArgumentParser(prog="pilaf_scale", description=__doc__)
    parser.add_argument("experiment", type=Path, help="experiment.yaml")
    parser.add_argument("--out", type=Path, required=True, help="the results document")
    parser.add_argument("--pairs", type=Path, help="a folder for the pairs of every run, as JSON Lines")
    parser.add_argument("--weights", type=Path, help="a folder for the trained policies")
    parser.add_argument(
        "--run", type=int, help="only this one: 0 is the first arm with the first seed, then come its other seeds"
    )
    options = parser.parse_args()
    try:
        settings = read_settings(options.experiment)
        runs = chosen(options.run, [(arm, seed) for arm in settings.arms for seed in settings.seeds])
        lab = Laboratory(settings)
    except (OSError, ValueError) as wrong:
        print(wrong, file=sys.stderr)
        return 2
    started = time.monotonic()
    is_main = PartialState().is_main_process
    results = []
    for arm, seed in runs:
        results.append(lab.run(arm, seed, options.pairs, options.weights))
        if not is_main:
            continue
        seconds = time.monotonic() - started
        write_json(options.out, document(settings, results, str(lab.device), seconds))
        last = results[-1]["evaluations"][-1]
        print(f"{arm.name}, seed {seed}: J {last['objective']:.3f}, {seconds:.0f} s so far", file=sys.stderr)
    lab.oracle.close()
    return 0


def chosen(number: int | None, runs: list[tuple[Arm, int]]) -> list[tuple[Arm, int]]:
    if number is None:
        return runs
    if 0 <= number < len(runs):
        return [runs[number]]
    raise ValueError(f"--run: {number} is not allowed; give a whole number from 0 to {len(runs) - 1}")


class Laboratory:
    """What all runs share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.device = PartialState(cpu=not torch.cuda.is_available()).device
        self.tokenizer = AutoTokenizer.from_pretrained(settings.model, padding_side="left")
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        prompts = json.loads(Path(settings.prompts).read_text())
        self.prompts, self.test_prompts = ([self._ids(one) for one in prompts[kind]] for kind in ("training", "test"))
        self.questions = {
            tuple(self._ids(one)): one for kind in prompts.values() for one in kind if isinstance(one, str)
        }
        self.oracle = self._oracle()

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
        dtype = torch.bfloat16 if self.settings.precision == "bf16" else torch.float32
        return AutoModelForCausalLM.from_pretrained(self.settings.model, dtype=dtype).to(self.device).eval()

    def _models(self) -> tuple[PreTrainedModel, PreTrainedModel | None]:
        if self.settings.lora == 0:
            return self._model(), self._model()
        adapter = LoraConfig(r=self.settings.lora, target_modules="all-linear", task_type="CAUSAL_LM")
        return get_peft_model(self._model(), adapter), None

    def run(self, arm: Arm, seed: int, pairs: Path | None, weights: Path | None) -> dict[str, Any]:
        settings = self.settings
        policy, reference = self._models()
        ends = policy.generation_config.eos_token_id
        models = Models(
            policy,
            Reference(policy, reference),
            frozenset(ends if isinstance(ends, list) else [ends]),
            self.tokenizer.pad_token_id,
        )
        collecting = Collecting(
            models,
            self.oracle,
            Labeller(settings.certain, settings.flip),
            self.prompts,
            settings.most_tokens,
            settings.device_batch,
        )
        name = f"{slug(arm.name)}-seed{seed}"
        is_main = PartialState().is_main_process
        writer = PairWriter(pairs / f"{name}.jsonl", self._text) if pairs and is_main else None
        run = Run(
            settings,
            arm.sampler,
            arm.beta,
            seed,
            collecting,
            self.test_prompts,
            writer.write if writer else lambda *_: None,
        )

        def learner(rate: float, falls_over: int | None) -> Learner:
            return Learner(
                policy,
                reference,
                self.tokenizer,
                arguments=self._arguments(arm, seed),
                learning_rate=rate,
                falls_over=falls_over,
                optimiser=settings.optimiser,
            )

        run.go(learner, arm.learning_rate)
        if weights and is_main:
            policy.save_pretrained(weights / name)
            self.tokenizer.save_pretrained(weights / name)
        return run_result(arm, seed, run.evaluations, run.diverged)

    def _arguments(self, arm: Arm, seed: int) -> dict[str, Any]:
        """TRL's: of each step all of the minibatch, in parts that the device can hold."""
        settings = self.settings
        own = settings.pairs // PartialState().num_processes
        part = min(settings.device_batch, own)
        clip = settings.optimiser["clip"]
        return {
            "output_dir": str(settings.folder / "trainer"),
            "per_device_train_batch_size": part,
            "gradient_accumulation_steps": own // part,
            "beta": arm.beta,
            "loss_type": [arm.loss],
            "label_smoothing": arm.smoothing,
            "max_grad_norm": 0.0 if clip is None else float(clip),
            "max_length": None,
            "bf16": settings.precision == "bf16",
            "use_cpu": self.device.type == "cpu",
            "activation_checkpointing": False,
            "seed": seed,
            "logging_strategy": "no",
            "save_strategy": "no",
            "report_to": [],
            "disable_tqdm": True,
        }


class PairWriter:
    """Pairs as prompt, chosen and rejected in words, which other trainers take too."""

    def __init__(self, path: Path, text: Callable[[Ids], str]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = path.open("w")
        self.text = text

    def write(self, number: int, pairs: Sequence[PreferencePair]) -> None:
        for pair in pairs:
            words = {name: self.text(getattr(pair, name)) for name in ("prompt", "chosen", "rejected")}
            self.file.write(json.dumps({"round": number, **words}, ensure_ascii=False) + "\n")
        self.file.flush()


def slug(name: str) -> str:
    kept = "".join(letter.lower() if letter.isalnum() else "-" for letter in name)
    return "-".join(part for part in kept.split("-") if part)


if __name__ == "__main__":
    sys.exit(main())
