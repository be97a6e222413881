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
    kept = evaluations[:-1] if diverged else evaluations
    digest = hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:16]
    return {
        "arm": arm.name,
        "seed": seed,
        "status": "diverged" if diverged else "complete",
        "hash": digest,
        "optimum": None,
        "evaluations": kept,
    }


def write_json(path: Path, value: object) -> None:
    """Whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(value))
    part.replace(path)
