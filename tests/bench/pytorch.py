#!/usr/bin/env python3
"""Times online DPO of the benchmark's model sizes in eager PyTorch, float32, phase by phase.

    python3 -m venv /tmp/bench && /tmp/bench/bin/pip install torch==2.13.0 numpy
    /tmp/bench/bin/python3 tests/bench/pytorch.py --sizes default --fleet 1,12 --threads 1 --json pytorch.json
    /tmp/bench/bin/python3 tests/bench/pytorch.py --check      # against tests/golden/transformer.json

Sizes and workload are those of sizes.json. A round is one training step and one evaluation; the first rounds warm up
and are not counted. Milliseconds are medians with quartiles over rounds. tokensPerSecond counts every sampled position
(runs · rows · completion length) over the sampling phase, pairsPerSecond the labelled pairs over the training step,
which is all phases but the evaluation. peakBytes is the most that tensors take in a step, weights and averages included.
"""

import argparse
import dataclasses
import datetime
import itertools
import json
import os
import pathlib
import platform
import shlex
import statistics
import sys
import time

import torch

# The modules beside this one would leave a folder in the repository.
sys.dont_write_bytecode = True

from pytorch_check import check
from pytorch_dpo import Fleet, Workload
from pytorch_model import Sizes, parameter_count

HERE = pathlib.Path(__file__).resolve().parent
STEP_PHASES = ("sample", "label", "reference", "forwardBackward", "optimiser")
WARM_UP, LEAST_ROUNDS = 2, 3


class Stopwatch:
    """Milliseconds of each phase, of every round."""

    def __init__(self, device):
        self.synchronise = torch.cuda.synchronize if device == "cuda" else lambda: None
        self.rounds = {}

    def measure(self, phase, work):
        self.synchronise()
        start = time.perf_counter()
        result = work()
        self.synchronise()
        self.rounds.setdefault(phase, []).append(1000 * (time.perf_counter() - start))
        return result


def play_round(fleet, watch):
    tokens = watch.measure("sample", fleet.sample)
    tokens, mask = watch.measure("label", lambda: fleet.label(tokens))
    reference = watch.measure("reference", lambda: fleet.reference_log_probs(tokens, mask))
    watch.measure("forwardBackward", lambda: fleet.forward_backward(tokens, mask, reference))
    watch.measure("optimiser", fleet.update)
    watch.measure("evaluate", fleet.evaluate)


def peak_bytes(make_fleet, device):
    """The most bytes that a fleet's tensors take from its making to the end of its second step."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        held = torch.cuda.memory_allocated()
        train_twice(make_fleet())
        return torch.cuda.max_memory_allocated() - held
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        train_twice(make_fleet())
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    changes = [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]
    return max(itertools.accumulate(changes))


def train_twice(fleet):
    # The optimiser makes its averages in the first step.
    for _ in range(2):
        tokens, mask = fleet.label(fleet.sample())
        fleet.forward_backward(tokens, mask, fleet.reference_log_probs(tokens, mask))
        fleet.update()


def summary(values):
    low, high = (values[0], values[0]) if len(values) < 2 else quartiles(values)
    return dict(median=statistics.median(values), low=low, high=high, n=len(values))


def quartiles(values):
    # Between the values, as quartiles() in statistics.mjs.
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def measure(size, runs, threads, options):
    spec = json.loads((HERE / "sizes.json").read_text())
    chosen = spec["workload"] | spec["sizes"][size]
    sizes = Sizes(**{field.name: chosen[field.name] for field in dataclasses.fields(Sizes)})
    if parameter_count(sizes) != spec["sizes"][size]["parameters"]:
        raise SystemExit(f"sizes.json: {size} has {parameter_count(sizes)} parameters")
    samplers = options.samplers or chosen["samplers"]
    plain = {key: chosen[key] for key in ("pairs", "evaluationSamples", "beta", "learningRate", "clip")}
    # The samplers in turn over the runs, as the engine's part of the benchmark does it.
    guided = [samplers[run % len(samplers)] for run in range(runs)].count("pilaf")
    workload = Workload(**plain, runs=runs, guided=guided, together=options.reference == "together")

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    make_fleet = lambda: Fleet(sizes, workload, options.device)
    memory = dict(peakBytes=peak_bytes(make_fleet, options.device)) if options.memory else {}
    fleet = make_fleet()
    # One round of each kind where a round takes longer than everything may.
    least, start = LEAST_ROUNDS, time.perf_counter()
    for _ in range(WARM_UP):
        play_round(fleet, Stopwatch(options.device))
        if time.perf_counter() - start > options.seconds:
            least = 1
            break
    watch, start = Stopwatch(options.device), time.perf_counter()
    for done in range(options.repeat):
        if done >= least and time.perf_counter() - start > options.seconds:
            break
        play_round(fleet, watch)
    if not torch.isfinite(fleet.weights).all():
        raise SystemExit("the weights are not finite")

    step = summary([sum(times) for times in zip(*(watch.rounds[phase] for phase in STEP_PHASES))])
    phases = {phase: summary(values) for phase, values in watch.rounds.items()}
    sampled = runs * 2 * workload.pairs * sizes.completionLength
    return dict(
        device=options.device,
        threads=threads,
        size=size,
        fleet=runs,
        pilafRuns=guided,
        reference=options.reference,
        phases=phases,
        step=step,
        tokensPerSecond=1000 * sampled / phases["sample"]["median"],
        pairsPerSecond=1000 * runs * workload.pairs / step["median"],
        **memory,
    )


def cpu_name():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def document(rows, device):
    gpu = dict(gpu=torch.cuda.get_device_name()) if device == "cuda" else {}
    return dict(
        format="pilaf-lab/bench-pytorch",
        version=1,
        date=datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        command=shlex.join(["python3", *sys.argv]),
        machine=dict(cpu=cpu_name(), cores=os.cpu_count(), **gpu),
        versions=dict(python=platform.python_version(), torch=torch.__version__),
        rows=rows,
    )


def show(row):
    phases = "  ".join(f"{phase} {time['median']:.1f}" for phase, time in row["phases"].items())
    rates = f"{row['tokensPerSecond']:.0f} tokens/s  {row['pairsPerSecond']:.1f} pairs/s"
    head = f"{row['size']} fleet {row['fleet']} threads {row['threads']}"
    print(f"{head}: step {row['step']['median']:.1f} ms ({phases})  {rates}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description="Times online DPO in eager PyTorch.")
    words = lambda text: text.split(",")
    numbers = lambda text: [int(word) for word in text.split(",")]
    parser.add_argument("--sizes", type=words, default=["default"], help="names in sizes.json, with commas")
    parser.add_argument("--fleet", type=numbers, default=[1, 4, 12, 48], help="runs side by side, with commas")
    parser.add_argument("--threads", type=numbers, default=[1], help="of one operation, with commas")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--repeat", type=int, default=12, help="rounds that are counted")
    parser.add_argument("--seconds", type=float, default=120, help="stops a measurement early after so long")
    parser.add_argument("--samplers", type=words, help="pilaf, vanilla; in turn over the runs (default: sizes.json)")
    parser.add_argument(
        "--reference",
        choices=["together", "apart"],
        default="together",
        help="how PILAF's reference decodes: as weight sets beside the policies, or its rows on their own",
    )
    parser.add_argument("--memory", action="store_true", help="finds the peak of a training step's memory, too")
    parser.add_argument("--json", type=pathlib.Path, help="writes the results there, else to the output")
    parser.add_argument("--check", action="store_true", help="compares with the golden values and ends")
    options = parser.parse_args()
    if options.check:
        check()
        return
    rows = []
    for size in options.sizes:
        for threads in options.threads:
            for runs in options.fleet:
                rows.append(measure(size, runs, threads, options))
                show(rows[-1])
    text = json.dumps(document(rows, options.device), indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
