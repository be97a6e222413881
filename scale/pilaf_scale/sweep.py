"""`python -m pilaf_scale.sweep sweep.json --out cells.jsonl`: a sweep of PILAF Lab, its cells as tasks of Ray."""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ray

from .oracles import lab_command

MOST_RETRIES = 20
"""Of a cell whose machine was lost. One that fails by itself would fail again, and ends the sweep."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="pilaf_scale.sweep", description=__doc__)
    parser.add_argument("sweep", type=Path, help="a sweep, as lab sweep reads it")
    parser.add_argument("--out", type=Path, required=True, help="gets a line for every cell, as lab sweep's; goes on")
    parser.add_argument("--address", help="of a cluster; this machine alone where not given")
    parser.add_argument("--backend", default="wasm", help="wasm, webgpu or cpu (wasm)")
    options = parser.parse_args()
    try:
        document = json.loads(options.sweep.read_text())
        cells = cell_count(document)
        command = lab_command()
        options.out.touch()
    except (OSError, ValueError) as wrong:
        print(wrong, file=sys.stderr)
        return 2
    ray.init(address=options.address, log_to_driver=False)
    done = 0
    for done, _ in enumerate(sweep(document, cells, command, options.backend, options.out), 1):
        print(f"\r{done} cells", end="", file=sys.stderr)
    print(f"\r{done} cells more, all {cells} are in {options.out}; lab merge makes a document of them", file=sys.stderr)
    return 0


def cell_count(document: dict[str, Any]) -> int:
    """Raises ValueError for what is no grid and no list."""
    if "axes" in document:
        return math.prod(len(axis["values"]) for axis in document["axes"])
    if "list" in document:
        return len(document["list"])
    raise ValueError("the sweep has neither axes nor a list")


def sweep(document: dict[str, Any], cells: int, command: Sequence[str], backend: str, out: Path) -> Iterator[int]:
    """Runs the cells that the file does not have yet; yields each one's number when it is written."""
    have = finished(out)
    text = json.dumps(document)
    task = ray.remote(num_cpus=1, max_retries=MOST_RETRIES)(run_cell)
    left = [number for number in range(cells) if number not in have]
    waiting = [task.remote(text, number, cells, list(command), backend) for number in left]
    with out.open("a+") as file:
        file.seek(0)
        own = file.readline().rstrip("\n")
        while waiting:
            ready, waiting = ray.wait(waiting)
            head, line = ray.get(ready[0])
            if own not in ("", head):
                raise ValueError(f"{out} belongs to another sweep")
            file.write(f"{line}\n" if own else f"{head}\n{line}\n")
            file.flush()
            own = head
            yield json.loads(line)["number"]


def finished(out: Path) -> set[int]:
    """The cells of a file, from which a line that a kill has torn is cut."""
    if not out.exists():
        return set()
    text = out.read_text()
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        out.write_text(whole)
    return {json.loads(line)["number"] for line in whole.splitlines()[1:]}


def run_cell(sweep: str, number: int, cells: int, command: list[str], backend: str) -> tuple[str, str]:
    """The file's head and the cell's line, by a runner of its own. Raises RuntimeError with what the runner said."""
    with tempfile.TemporaryDirectory() as folder:
        document, out = Path(folder, "sweep.json"), Path(folder, "cells.jsonl")
        document.write_text(sweep)
        shard = f"{number + 1}/{cells}"
        options = ["--shard", shard, "--jobs", "1", "--backend", backend, "--out", str(out)]
        done = subprocess.run([*command, "sweep", str(document), *options], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"cell {number}: {done.stderr.strip()}")
        head, line = out.read_text().splitlines()
    return head, line


if __name__ == "__main__":
    sys.exit(main())
