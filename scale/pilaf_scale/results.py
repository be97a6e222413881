"""PILAF Lab's results document, which its page and its runner open, plot and compare."""

import hashlib
import json
from pathlib import Path
from typing import Any

from .settings import Arm, Settings


def document(settings: Settings, runs: list[dict[str, Any]], device: str, seconds: float) -> dict[str, Any]:
    pairs = settings.steps * settings.pairs * len(runs)
    return {
        "format": "pilaf-lab/results",
        "version": 1,
        "config": settings.config,
        "backend": {"name": "torch", "adapter": device},
        "optimum": None,
        "frontier": None,
        "runs": runs,
        "timing": {"seconds": seconds, "pairsPerSecond": pairs / seconds},
    }


def run_result(arm: Arm, seed: int, evaluations: list[dict[str, Any]], diverged: bool) -> dict[str, Any]:
    """Its hash is of its numbers, as the page's is; it tells two runs apart, and is not the page's own."""
    return {
        "arm": arm.name,
        "seed": seed,
        "status": "diverged" if diverged else "complete",
        "hash": hashlib.sha256(json.dumps(evaluations).encode()).hexdigest()[:16],
        "optimum": None,
        "evaluations": evaluations,
    }


def check_writable(path: Path) -> None:
    """Better before the work than after. Raises OSError."""
    _part(path).touch()
    _part(path).unlink(missing_ok=True)


def write_json(path: Path, value: object) -> None:
    """Whole or not at all."""
    _part(path).write_text(json.dumps(value, allow_nan=False))
    _part(path).replace(path)


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
