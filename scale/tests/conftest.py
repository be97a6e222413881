"""Commands that the tests give to PILAF Lab and to this package, as a reader types them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCALE = Path(__file__).resolve().parents[1]
REPOSITORY = SCALE.parent
LAB = ["node", str(REPOSITORY / "scripts/lab.mjs")]
ENVIRONMENT = {**os.environ, "PILAF_LAB": " ".join(LAB), "PYTHONPATH": str(SCALE), "OMP_NUM_THREADS": "1"}


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)


@pytest.fixture
def lab(tmp_path: Path) -> Callable[..., str]:
    def run(*args: str) -> str:
        done = _run([*LAB, *args], tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def scale() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs it in a folder."""
    return lambda folder, *args, start=(sys.executable,): _run([*start, "-m", "pilaf_scale", *args], folder)


def change(folder: Path, place: str, value: Any) -> None:
    """Rewrites a field of an exported config, such as arms.0.sampler."""
    path = folder / "experiment.json"
    config = json.loads(path.read_text())
    *places, last = (int(part) if part.isdigit() else part for part in place.split("."))
    at = config
    for part in places:
        at = at[part]
    at[last] = value
    path.write_text(json.dumps(config))
