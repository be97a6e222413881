#!/usr/bin/env python3
"""Writes tests/golden/preferences.json: losses on preference pairs and their slopes, by PyTorch's autograd in float64.

    pip install torch==2.13.0 numpy
    python3 tests/golden/make_preferences.py            # rewrites preferences.json
    python3 tests/golden/make_preferences.py --check    # computes and compares, writes nothing

The formulas are written as TRL 0.9's DPOTrainer.dpo_loss has them (loss_type "sigmoid" with label_smoothing, "ipo",
"hinge", and "kto_pair" with the batch's one mean as its estimate of KL, at least 0 and detached). Inputs are
float32-exact: chosen and rejected log-ratios [R, P] of R batches, one beta and one smoothing per batch.
"""

import argparse
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

FILE = pathlib.Path(__file__).resolve().parent / "preferences.json"
BETAS = [0.1, 0.5, 2.0]
SMOOTHING = [0.0, 0.1, 0.4]


def inputs():
    generator = np.random.default_rng(11)
    draw = lambda scale: (scale * generator.standard_normal((3, 6))).astype(np.float32).astype(np.float64)
    chosen, rejected = draw(4), draw(4)
    # Far apart, equal, and close to zero: where exponentials over- and underflow and where differences cancel.
    chosen[:, 0], rejected[:, 0] = [60, -300, 0], [-60, 300, 0]
    chosen[:, 1] = rejected[:, 1]
    # A batch whose mean log-ratio is negative: KTO's reference point is then 0.
    chosen[2], rejected[2] = -abs(chosen[2]), -abs(rejected[2])
    return chosen, rejected


def pair_losses(kind, chosen, rejected, beta, smoothing):
    logits = chosen - rejected
    if kind == "dpo":
        return -F.logsigmoid(beta * logits) * (1 - smoothing) - F.logsigmoid(-beta * logits) * smoothing
    if kind == "ipo":
        return (logits - 1 / (2 * beta)) ** 2
    if kind == "hinge":
        return torch.relu(1 - beta * logits)
    kl = torch.cat((chosen, rejected)).mean().clamp(min=0).detach()
    return ((1 - torch.sigmoid(beta * (chosen - kl))) + (1 - torch.sigmoid(beta * (kl - rejected)))) / 2


def values(kind):
    result = {"losses": [], "chosenSlopes": [], "rejectedSlopes": []}
    for c, r, beta, smoothing in zip(*inputs(), BETAS, SMOOTHING):
        chosen, rejected = (torch.tensor(x, requires_grad=True) for x in (c, r))
        losses = pair_losses(kind, chosen, rejected, beta, smoothing)
        losses.sum().backward()
        result["losses"].append(losses.tolist())
        result["chosenSlopes"].append(chosen.grad.tolist())
        result["rejectedSlopes"].append(rejected.grad.tolist())
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    chosen, rejected = inputs()
    fresh = {
        "meta": {"torch": torch.__version__.split("+")[0], "command": "python3 tests/golden/make_preferences.py"},
        "betas": BETAS,
        "smoothing": SMOOTHING,
        "chosen": chosen.tolist(),
        "rejected": rejected.tolist(),
        **{kind: values(kind) for kind in ("dpo", "ipo", "hinge", "kto")},
    }
    if parser.parse_args().check:
        stored = json.loads(FILE.read_text())
        assert stored == json.loads(json.dumps(fresh)), "preferences.json differs from what was computed"
        print("preferences.json: reproduced")
    else:
        FILE.write_text(json.dumps(fresh) + "\n")


main()
