"""`python -m pilaf_scale.join results/*.json --out results.json`: one document of those of single runs."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from .results import write_json


def main() -> int:
    parser = argparse.ArgumentParser(prog="pilaf_scale.join", description=__doc__)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        write_json(options.out, joined({str(path): json.loads(path.read_text()) for path in options.results}))
    except (OSError, ValueError) as wrong:
        print(wrong, file=sys.stderr)
        return 2
    return 0


def joined(documents: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Runs in the config's order, each once. Raises ValueError where that cannot be."""
    first_path, first = next(iter(documents.items()))
    order = [arm["name"] for arm in first["config"]["arms"]]
    runs: dict[tuple[int, int], dict[str, Any]] = {}
    for path, document in documents.items():
        if document["config"] != first["config"]:
            raise ValueError(f"{path} is of another experiment than {first_path}")
        for run in document["runs"]:
            place = order.index(run["arm"]), run["seed"]
            if place in runs:
                raise ValueError(f"{path}: {run['arm']} with seed {run['seed']} comes twice")
            runs[place] = run
    timings = [document["timing"] for document in documents.values()]
    seconds = sum(timing["seconds"] for timing in timings)
    pairs = sum(timing["seconds"] * timing["pairsPerSecond"] for timing in timings)
    timing = {"seconds": seconds, "pairsPerSecond": pairs / seconds}
    return {**first, "runs": [runs[place] for place in sorted(runs)], "timing": timing}


if __name__ == "__main__":
    sys.exit(main())
