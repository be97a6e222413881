"""The corpus as texts: plain letters, one line, and examples that end where a sentence does."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus import OPENING
from teacher import BOS, Teacher

PADDING, BEGINNING, END = 0, 1, 2
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]
PROMPT_LENGTH, COMPLETION_LENGTH = 16, 48
LENGTH = PROMPT_LENGTH + COMPLETION_LENGTH
# A prompt is the beginning token and so many words.
PROMPT_WORDS = (3, 10)

PLAIN = str.maketrans({"“": '"', "”": '"', "’": "'", "‘": "'", "–": "-", "—": "-", "…": "..."})


@dataclass
class Story:
    text: str
    # Nats and characters of what the teacher wrote after its opening tokens.
    nats: float
    characters: int


def read_corpus(paths: list[Path], teacher: Teacher) -> list[Story]:
    stories: dict[str, Story] = {}
    for line in (line for path in paths for line in path.open()):
        row = json.loads(line)
        tokens = row["tokens"]
        length = next((i for i, token in enumerate(tokens) if token in (BOS, END)), len(tokens))
        text = re.sub(r"\s+", " ", teacher.text(tokens).translate(PLAIN)).strip()
        if not text.isascii() or length <= OPENING:
            continue
        opening = len(teacher.text(tokens[:OPENING]))
        stories.setdefault(text, Story(text, sum(row["nats"][OPENING:length]), len(text) - opening))
    return list(stories.values())


def byte_pairs(texts: list[str], size: int) -> Tokenizer:
    """A byte-pair vocabulary whose words and marks stay apart; what it never saw is `<unk>`."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=size, special_tokens=SPECIAL, min_frequency=2, show_progress=False)
    )
    return tokenizer


@dataclass
class Example:
    # The beginning, the prompt's words, the completion, the end; prompt is how many of them are the prompt's.
    ids: list[int]
    prompt: int


def example(tokenizer: Tokenizer, text: str, words: int) -> Example | None:
    """
    The first words of a story as prompt and what follows as its completion, up to the last sentence that fits and
    leaves no quotation open. None where there is no such sentence.
    """
    encoded = tokenizer.encode(text)
    starts = [i for i, (a, _) in enumerate(encoded.offsets) if text[a] == " "]
    if len(starts) <= words or starts[words - 1] + 1 > PROMPT_LENGTH:
        return None
    first = starts[words - 1]
    ends = [
        i + 1
        for i, (_, b) in enumerate(encoded.offsets)
        if first < i < first + COMPLETION_LENGTH - 1
        and re.search(r'[.!?]"?$', text[:b])
        and (b == len(text) or text[b] == " ")
        and text[:b].count('"') % 2 == 0
    ]
    if not ends:
        return None
    return Example([BEGINNING, *encoded.ids[: ends[-1]], END], first + 1)


def batch(examples: list[Example]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs and targets, padded on the right, and where targets are a completion's. // [B, L - 1] each"""
    ids = torch.full((len(examples), LENGTH), PADDING)
    completion = torch.zeros(len(examples), LENGTH, dtype=torch.bool)
    for row, one in enumerate(examples):
        ids[row, : len(one.ids)] = torch.tensor(one.ids)
        completion[row, one.prompt : len(one.ids)] = True
    return ids[:, :-1], ids[:, 1:], completion[:, 1:]
