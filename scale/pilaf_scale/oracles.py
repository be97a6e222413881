"""Who scores completions: PILAF Lab's own oracle in a process beside this one, or a reward model."""

import json
import os
import shlex
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from .models import Ids


class Oracle(Protocol):
    def rewards(self, prompts: Sequence[Ids], completions: Sequence[Ids]) -> list[float]: ...

    def close(self) -> None: ...


def lab_command() -> list[str]:
    """What runs PILAF Lab. Raises ValueError where nobody has said."""
    command = shlex.split(os.environ.get("PILAF_LAB", ""))
    if not command:
        raise ValueError('PILAF_LAB is not in the environment; give "node <PILAF Lab>/scripts/lab.mjs"')
    return command


class LabOracle:
    """`lab score`, kept alive: a line of texts as token ids goes in, a line of rewards comes out."""

    def __init__(self, config: str, folder: Path) -> None:
        command = [*lab_command(), "score", config]
        self.command = shlex.join(command)
        # Paths in the config are the folder's.
        self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def rewards(self, prompts: Sequence[Ids], completions: Sequence[Ids]) -> list[float]:
        assert self.process.stdin is not None and self.process.stdout is not None
        texts = [{"prompt": list(p), "completion": list(c)} for p, c in zip(prompts, completions, strict=True)]
        try:
            self.process.stdin.write(json.dumps(texts) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise RuntimeError(f"the oracle has ended: {self.command}")
        answer = json.loads(line)
        if isinstance(answer, dict):
            raise ValueError(f"the oracle refuses a text: {answer['error']}")
        return [float(reward) for reward in answer]

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


class RewardModel:
    """A sequence classifier with one output, of any family, which reads a question and its answer."""

    def __init__(self, name: str, questions: Callable[[Ids], str], answers: Callable[[Ids], str], device: torch.device):
        self.questions = questions
        self.answers = answers
        self.tokenizer = AutoTokenizer.from_pretrained(name)
        self.model = AutoModelForSequenceClassification.from_pretrained(name, num_labels=1).to(device).eval()

    @torch.no_grad()
    def rewards(self, prompts: Sequence[Ids], completions: Sequence[Ids]) -> list[float]:
        asked, answered = [self.questions(p) for p in prompts], [self.answers(c) for c in completions]
        batch = self.tokenizer(asked, answered, return_tensors="pt", padding=True, truncation=True)
        return [float(score) for score in self.model(**batch.to(self.model.device)).logits[:, 0].float()]

    def close(self) -> None:
        pass
