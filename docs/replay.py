#!/usr/bin/env python3
r"""Trains a bandit race again from the pairs that it was trained on, with numpy alone, and compares.

    npm run lab -- run bandit-race --set seeds=2 --set schedule.steps=500 --set optimiser.epsilon=1e-5 \
        --backend wasm --pairs pairs.jsonl
    python3 docs/replay.py pairs.jsonl

At AdamW's usual epsilon of 1e-8 a few weights may differ by more than the 1e-5 that is allowed here: where a gradient
cancels but for the rounding of float32, AdamW divides one rounding error by another. A larger epsilon leaves it small.

For every run it checks, in float64,
- that a pair's rewards are those of the run's table, and its label's probability is sigma(r(chosen) - r(rejected));
- that the labels came out as often as these probabilities say;
- that the pair's log-probabilities are those of the reference and, online, of the policy before the step;
- that gradient descent by AdamW on the DPO loss of these pairs ends at the same policy, within 1e-5.

Labels by Bradley and Terry and losses by DPO are covered, with smoothing; other labellers' labels are taken as they are.
"""

import json
import math
import sys

import numpy as np

TOLERANCE = 1e-5


def log_softmax(logits):
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


class Run:
    """One arm with one seed. Tables are [prompts, responses]."""

    def __init__(self, config, about):
        self.config, self.about = config, about
        task = config["task"]
        shape = (task["prompts"], task["responses"])
        self.reference = np.float32(about["reference"]).astype(float).reshape(shape)
        self.rewards = np.array(about["rewards"]).reshape(shape)
        self.policy = self.reference.copy()
        self.mean, self.square = np.zeros(shape), np.zeros(shape)
        self.expected, self.variance, self.better = 0.0, 0.0, 0

    def train(self, step, pairs):
        for pair in pairs:
            self.check(pair)
        gradient = sum((self.slope(pair) for pair in pairs), np.zeros_like(self.policy))
        self.descend(step, gradient)

    def check(self, pair):
        """The pair belongs to this table and was labelled by the oracle's odds."""
        x, chosen, rejected = pair["prompt"][0], pair["chosen"][0], pair["rejected"][0]
        found = self.rewards[x, [chosen, rejected]]
        assert np.allclose(found, pair["rewards"], atol=1e-6), "a reward is not the table's"
        reference = log_softmax(self.reference[x])[[chosen, rejected]]
        assert np.allclose(reference, pair["reference"], atol=1e-4), "a log-probability is not the reference's"
        ratios = log_softmax(self.policy[x])[[chosen, rejected]] - reference
        # A round's pairs were drawn from the policy at its beginning.
        assert self.config["rounds"] or np.allclose(ratios, pair["logRatios"], atol=1e-3), "a log-ratio is not the policy's"
        labeller = self.config["labeller"]
        if labeller["reader"] != "oracle" or labeller["rule"] != "bradley-terry":
            return
        odds = sigmoid(found[0] - found[1])
        odds = odds * (1 - labeller["flip"]) + (1 - odds) * labeller["flip"]
        assert abs(odds - pair["probability"]) < 1e-6, "a label's probability is not sigma of the rewards' difference"
        if odds == 0.5:
            return  # One response twice.
        likely = max(odds, 1 - odds)
        self.expected += likely
        self.variance += likely * (1 - likely)
        self.better += odds > 0.5

    def slope(self, pair):
        """The weighted gradient of one pair's loss in the logits."""
        x, chosen, rejected = pair["prompt"][0], pair["chosen"][0], pair["rejected"][0]
        if self.about["loss"]["kind"] != "dpo":
            raise SystemExit(f'the loss {self.about["loss"]["kind"]} is not covered')
        beta, smoothing = self.about["beta"], self.about["loss"]["smoothing"]
        # Normalisers cancel. Without them the margins at the start are exactly 0, and what cancels in the gradient
        # cancels exactly: AdamW would blow up a rounding error.
        moved = self.policy[x] - self.reference[x]
        margin = beta * (moved[chosen] - moved[rejected])
        push = beta * (smoothing * sigmoid(margin) - (1 - smoothing) * sigmoid(-margin)) * pair["weight"]
        gradient = np.zeros_like(self.policy)
        # The normaliser's part is the same for both and falls out.
        gradient[x, chosen] += push
        gradient[x, rejected] -= push
        return gradient

    def descend(self, step, gradient):
        schedule, adam = self.config["schedule"], self.config["optimiser"]
        clip = adam["clip"]
        length = np.sqrt((gradient**2).sum())
        if clip is not None and length > clip:
            gradient = gradient * clip / length
        rate = self.about["learningRate"]
        if schedule["learningRate"] == "linear":
            rate *= 1 - (step - 1) / schedule["steps"]
        self.mean = adam["beta1"] * self.mean + (1 - adam["beta1"]) * gradient
        self.square = adam["beta2"] * self.square + (1 - adam["beta2"]) * gradient**2
        mean, square = self.mean / (1 - adam["beta1"] ** step), self.square / (1 - adam["beta2"] ** step)
        self.policy -= rate * (mean / (np.sqrt(square) + adam["epsilon"]) + adam["weightDecay"] * self.policy)


def main(path):
    with open(path, encoding="utf-8") as lines:
        head = json.loads(next(lines))
        if head.get("format") != "pilaf-lab/pairs" or head.get("version") != 1:
            raise SystemExit(f"{path} is no file of lab run --pairs")
        config = head["config"]
        rounds = config["rounds"]
        if config["task"]["kind"] != "bandit":
            raise SystemExit("only a bandit is replayed: a transformer would take more than numpy")
        if rounds and (rounds["resetOptimiser"] or rounds["movingReference"]):
            raise SystemExit("rounds that reset AdamW or move the reference are not covered")
        runs = [Run(config, about) for about in head["runs"]]
        final = None
        for line in lines:
            entry = json.loads(line)
            if "weights" in entry:
                final = entry["weights"]
            else:
                runs[entry["run"]].train(entry["step"], entry["pairs"])
    if final is None:
        raise SystemExit("the file does not end: the race was broken off")
    worst = 0.0
    for run, weights in zip(runs, final):
        name = f'{run.about["arm"]}, seed {run.about["seed"]}'
        if weights is None:
            print(f"{name}: diverged, not compared")
            continue
        distance = np.abs(run.policy.ravel() - np.array(weights)).max()
        worst = max(worst, distance)
        labels = ""
        if run.variance > 0:
            z = (run.better - run.expected) / math.sqrt(run.variance)
            labels = f", labels {z:+.2f} standard errors from their odds"
            assert abs(z) < 5, f"{name}: the labels do not follow their odds"
        print(f"{name}: weights differ by at most {distance:.1e}{labels}")
    if worst > TOLERANCE:
        raise SystemExit(f"the weights differ by {worst:.1e}, more than {TOLERANCE}")
    print(f"{len(runs)} runs replayed; the largest difference of a weight is {worst:.1e}.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
