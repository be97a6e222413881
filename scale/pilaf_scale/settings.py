"""What `experiment.yaml` and the config beside it say, checked: a sentence names the field that will not do."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .samplers import Sampler, resolve

LOSSES = {"dpo": "sigmoid", "hinge": "hinge"}


@dataclass(frozen=True)
class Loss:
    kind: str
    """As TRL calls it."""
    smoothing: float


@dataclass(frozen=True)
class Arm:
    name: str
    file: str
    """What its files are called; no two arms share one."""
    sampler: Sampler
    beta: float
    learning_rate: float
    loss: Loss


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
    loss: Loss
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
    clip: float | None
    optimiser: dict[str, Any]


def read_settings(path: Path) -> Settings:
    """Raises OSError and ValueError."""
    given = _read(path)
    config_path = path.parent / str(given.get("experiment", ""))
    config = _read(config_path)
    try:
        machine: dict[str, Any] = {
            "folder": path.parent,
            "config": config,
            "model": _place(path.parent, given["model"]),
            "prompts": _place(path.parent, given["prompts"]),
            "oracle": _oracle(given["oracle"]),
            "most_tokens": _whole("mostTokens", given["mostTokens"], 1),
            "device_batch": _whole("deviceBatch", given["deviceBatch"], 1),
            "precision": _one_of("precision", given["precision"], ("fp32", "bf16")),
            "lora": _whole("lora", given["lora"], 0),
        }
    except KeyError as missing:
        raise ValueError(f"{path}: {missing.args[0]} is missing") from None
    except ValueError as wrong:
        raise ValueError(f"{path}: {wrong}") from None
    try:
        return Settings(**machine, **_experiment(config))
    except KeyError as missing:
        raise ValueError(f"{config_path}: {missing.args[0]} is missing") from None
    except (TypeError, ValueError) as wrong:
        raise ValueError(f"{config_path}: {wrong}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text()) if path.suffix == ".yaml" else json.loads(path.read_text())
    except (yaml.YAMLError, json.JSONDecodeError) as wrong:
        raise ValueError(f"{path}: {wrong}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: it holds no settings")
    return found


def _experiment(config: dict[str, Any]) -> dict[str, Any]:
    schedule, labeller, evaluation = config["schedule"], config["labeller"], config["evaluation"]
    _one_of("labeller.reader", labeller["reader"], ("oracle",))
    pairs, clip = int(schedule["pairs"]), config["optimiser"]["clip"]
    first = int(config["firstSeed"])
    return {
        "arms": _arms(config),
        "seeds": tuple(range(first, first + int(config["seeds"]))),
        "loss": _loss("loss", config["loss"]),
        "steps": int(schedule["steps"]),
        "pairs": pairs,
        "falls": schedule["learningRate"] == "linear",
        "rounds": _rounds(config["rounds"], pairs),
        "start": _start(config, pairs),
        "certain": labeller["rule"] == "deterministic",
        "flip": float(labeller["flip"]),
        "every": int(evaluation["every"]),
        "samples": int(evaluation["samples"]),
        "clip": None if clip is None else float(clip),
        "optimiser": config["optimiser"],
    }


def _whole(name: str, value: Any, least: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= least:
        return value
    raise ValueError(f"{name}: {value} is not allowed; give a whole number from {least} on")


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value in allowed:
        return str(value)
    raise ValueError(f"{name}: {value} is not supported; give {' or '.join(allowed)}")


def _multiple(name: str, value: Any, pairs: int) -> int:
    if _whole(name, value, pairs) % pairs == 0:
        return int(value)
    raise ValueError(f"{name}: {value} is not allowed; give a multiple of schedule.pairs, {pairs}")


def _oracle(given: Any) -> dict[str, str]:
    if isinstance(given, dict) and len(given) == 1 and set(given) <= {"lab", "model"}:
        return given
    raise ValueError(f"oracle: {given} is not supported; give lab, a config, or model, a name")


def _place(folder: Path, name: str) -> str:
    """A path beside the file, or a name on the hub."""
    return str(folder / name) if name.startswith(".") else name


def _arms(config: dict[str, Any]) -> tuple[Arm, ...]:
    slugs = ["-".join(re.findall(r"\w+", arm["name"].lower())) or "arm" for arm in config["arms"]]
    times = Counter(slugs)
    files = [slug if times[slug] == 1 else f"{slug}-{i}" for i, slug in enumerate(slugs)]
    return tuple(_arm(i, arm, file, config) for i, (arm, file) in enumerate(zip(config["arms"], files, strict=True)))


def _arm(i: int, arm: dict[str, Any], file: str, config: dict[str, Any]) -> Arm:
    beta = float(arm.get("beta", config["beta"]))
    if arm.get("weighted"):
        raise ValueError(f"arms.{i}.weighted: true is not supported; give false")
    try:
        sampler = resolve(arm, beta)
    except ValueError as wrong:
        raise ValueError(f"arms.{i}.sampler: {wrong}") from None
    rate = float(arm.get("learningRate", config["learningRate"]))
    return Arm(arm["name"], file, sampler, beta, rate, _loss(f"arms.{i}.loss", arm.get("loss", config["loss"])))


def _loss(name: str, loss: dict[str, Any]) -> Loss:
    # TRL's IPO divides log-ratios by the texts' lengths; its KTO takes no pairs.
    kind = _one_of(f"{name}.kind", loss["kind"], tuple(LOSSES))
    return Loss(LOSSES[kind], float(loss["smoothing"]))


def _rounds(rounds: dict[str, Any] | None, pairs: int) -> Rounds:
    if rounds is None:
        return Rounds(pairs, 1)
    if rounds["movingReference"]:
        raise ValueError("rounds.movingReference: true is not supported; give false")
    own = _multiple("rounds.pairs", rounds["pairs"], pairs)
    return Rounds(own, int(rounds["epochs"]), rounds["accumulate"], rounds["resetOptimiser"])


def _start(config: dict[str, Any], pairs: int) -> Start | None:
    start = config["start"]
    if _one_of("start.kind", start["kind"], ("reference", "offline")) == "reference":
        return None
    rate = float(start.get("learningRate", config["learningRate"]))
    return Start(_multiple("start.pairs", start["pairs"], pairs), int(start["epochs"]), rate)
