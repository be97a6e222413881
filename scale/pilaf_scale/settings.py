"""What `experiment.yaml` says, checked: what is not supported ends in a sentence that names the field."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .samplers import Sampler, resolve

LOSSES = {"dpo": "sigmoid", "hinge": "hinge"}


@dataclass(frozen=True)
class Arm:
    name: str
    sampler: Sampler
    beta: float
    learning_rate: float
    loss: str
    smoothing: float


@dataclass(frozen=True)
class Rounds:
    """Pairs are collected under one policy, which then trains on them."""

    pairs: int
    epochs: int
    accumulate: bool = False
    reset_optimiser: bool = False


@dataclass(frozen=True)
class Start:
    """Offline training on vanilla pairs before the race."""

    pairs: int
    epochs: int
    learning_rate: float


@dataclass(frozen=True)
class Settings:
    folder: Path
    config: dict[str, Any]
    """PILAF Lab's own, whole; it goes back with the results."""
    model: str
    prompts: str
    oracle: dict[str, str]
    """A config for `lab score` as `lab`, or the name of a reward model as `model`."""
    most_tokens: int
    device_batch: int
    """Texts in one pass of sampling and measuring, and pairs in one of training."""
    precision: str
    lora: int
    """The rank of an adapter that is trained; 0: all weights are."""
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...]
    steps: int
    pairs: int
    """In a minibatch."""
    falls: bool
    """Whether the learning rate falls in a line to 0."""
    rounds: Rounds
    start: Start | None
    certain: bool
    """Whether the higher reward always wins a label."""
    flip: float
    every: int
    samples: int
    optimiser: dict[str, Any]


def read_settings(path: Path) -> Settings:
    """Raises ValueError."""
    try:
        given = yaml.safe_load(path.read_text())
        return _settings(path.parent, given)
    except KeyError as missing:
        raise ValueError(f"{path}: {missing.args[0]} is missing") from None
    except (OSError, TypeError, ValueError, yaml.YAMLError) as wrong:
        raise ValueError(f"{path}: {wrong}") from None


def _settings(folder: Path, given: dict[str, Any]) -> Settings:
    config = json.loads((folder / given["experiment"]).read_text())
    schedule, labeller, evaluation = config["schedule"], config["labeller"], config["evaluation"]
    if labeller["reader"] != "oracle":
        raise ValueError(f"experiment.labeller.reader: {labeller['reader']} is not supported; give oracle")
    pairs = int(schedule["pairs"])
    return Settings(
        folder=folder,
        config=config,
        model=_place(folder, given["model"]),
        prompts=_place(folder, given["prompts"]),
        oracle=_oracle(given["oracle"]),
        most_tokens=int(given["mostTokens"]),
        device_batch=int(given["deviceBatch"]),
        precision=given["precision"],
        lora=int(given["lora"]),
        arms=tuple(_arm(i, arm, config) for i, arm in enumerate(config["arms"])),
        seeds=tuple(range(int(config["firstSeed"]), int(config["firstSeed"]) + int(config["seeds"]))),
        steps=int(schedule["steps"]),
        pairs=pairs,
        falls=schedule["learningRate"] == "linear",
        rounds=_rounds(config["rounds"], pairs),
        start=_start(config),
        certain=labeller["rule"] == "deterministic",
        flip=float(labeller["flip"]),
        every=int(evaluation["every"]),
        samples=int(evaluation["samples"]),
        optimiser=config["optimiser"],
    )


def _oracle(given: dict[str, str]) -> dict[str, str]:
    if len(given) == 1 and set(given) <= {"lab", "model"}:
        return given
    raise ValueError(f"oracle: {given} is not supported; give lab, a config, or model, a name")


def _place(folder: Path, name: str) -> str:
    """A path beside the file, or a name on the hub."""
    return str(folder / name) if name.startswith(".") else name


def _arm(i: int, arm: dict[str, Any], config: dict[str, Any]) -> Arm:
    beta = float(arm.get("beta", config["beta"]))
    loss = arm.get("loss", config["loss"])
    if loss["kind"] not in LOSSES:
        # TRL's IPO divides log-ratios by the texts' lengths; its KTO takes no pairs.
        raise ValueError(f"experiment.arms.{i}.loss.kind: {loss['kind']} is not supported; give {' or '.join(LOSSES)}")
    if arm.get("weighted"):
        raise ValueError(f"experiment.arms.{i}.weighted: true is not supported")
    try:
        sampler = resolve(arm, beta)
    except ValueError as wrong:
        raise ValueError(f"experiment.arms.{i}.sampler: {wrong}") from None
    rate = float(arm.get("learningRate", config["learningRate"]))
    return Arm(arm["name"], sampler, beta, rate, LOSSES[loss["kind"]], float(loss["smoothing"]))


def _rounds(rounds: dict[str, Any] | None, pairs: int) -> Rounds:
    if rounds is None:
        return Rounds(pairs, 1)
    if rounds["movingReference"]:
        raise ValueError("experiment.rounds.movingReference: true is not supported")
    return Rounds(int(rounds["pairs"]), int(rounds["epochs"]), rounds["accumulate"], rounds["resetOptimiser"])


def _start(config: dict[str, Any]) -> Start | None:
    start = config["start"]
    if start["kind"] == "reference":
        return None
    if start["kind"] == "offline":
        rate = float(start.get("learningRate", config["learningRate"]))
        return Start(int(start["pairs"]), int(start["epochs"]), rate)
    raise ValueError(f"experiment.start.kind: {start['kind']} is not supported; give reference or offline")
