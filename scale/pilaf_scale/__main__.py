"""`python -m pilaf_scale experiment.yaml --out results.json`"""

import argparse
import sys
import time
from pathlib import Path

from .laboratory import Laboratory
from .results import check_writable, document, write_json
from .settings import Arm, read_settings


def main() -> int:
    parser = argparse.ArgumentParser(prog="pilaf_scale", description=__doc__)
    parser.add_argument("experiment", type=Path, help="experiment.yaml")
    parser.add_argument("--out", type=Path, required=True, help="the results document")
    parser.add_argument("--pairs", type=Path, help="a folder for the pairs of every run, as JSON Lines")
    parser.add_argument("--weights", type=Path, help="a folder for the trained policies")
    parser.add_argument("--run", type=int, help="only this one: arm by arm, seed by seed, from 0")
    options = parser.parse_args()
    try:
        check_writable(options.out)
        settings = read_settings(options.experiment)
        runs = chosen(options.run, [(arm, seed) for arm in settings.arms for seed in settings.seeds])
        lab = Laboratory(settings)
    except (OSError, ValueError) as wrong:
        print(wrong, file=sys.stderr)
        return 2
    started = time.monotonic()
    results = []
    for arm, seed in runs:
        result = lab.run(arm, seed, options.pairs, options.weights)
        results.append(result)
        if not lab.is_main:
            continue
        seconds = time.monotonic() - started
        write_json(options.out, document(settings, results, str(lab.device), seconds))
        last = result["evaluations"][-1:]
        reached = f"J {last[0]['objective']:.3f}" if last else "no evaluation"
        print(f"{arm.name}, seed {seed}: {result['status']}, {reached}, {seconds:.0f} s so far", file=sys.stderr)
    lab.close()
    return 0


def chosen(number: int | None, runs: list[tuple[Arm, int]]) -> list[tuple[Arm, int]]:
    if number is None:
        return runs
    if 0 <= number < len(runs):
        return [runs[number]]
    raise ValueError(f"--run: {number} is not allowed; give a whole number from 0 to {len(runs) - 1}")


if __name__ == "__main__":
    sys.exit(main())
