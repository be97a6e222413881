"""The policy in eager PyTorch, a fleet at a time: W weight sets on a leading axis, B rows under each.

The same Llama family as src/policy/transformer.ts and tests/golden/make_golden.py: RMSNorm, rotary positions by halves,
SwiGLU, tied embeddings, no biases. Written for speed as PyTorch users do it: queries, keys and values come from one
product, as do gate and up; attention is PyTorch's own fused one; decoding writes into a cache allocated beforehand.

Axes: W weight sets, B rows of a set, T tokens, D width, H heads, d width of a head, V vocabulary, N weights of a set.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

PAD = 0
EPSILON_NORM, ROTARY_BASE = 1e-5, 10000.0


@dataclass(frozen=True)
class Sizes:
    vocabulary: int
    width: int
    layers: int
    heads: int
    hidden: int
    promptLength: int
    completionLength: int

    @property
    def length(self):
        return self.promptLength + self.completionLength


def layout(sizes):
    """(name, shape) in the order of the flat weights."""
    v, d, f = sizes.vocabulary, sizes.width, sizes.hidden
    layer = [
        ("attentionNorm", (d,)),
        ("qkv", (d, 3 * d)),
        ("output", (d, d)),
        ("mlpNorm", (d,)),
        ("gateUp", (d, 2 * f)),
        ("down", (f, d)),
    ]
    layers = [(f"layers.{l}.{name}", shape) for l in range(sizes.layers) for name, shape in layer]
    return [("embedding", (v, d)), *layers, ("finalNorm", (d,))]


def parameter_count(sizes):
    return sum(math.prod(shape) for _, shape in layout(sizes))


def unflatten(sizes, flat):
    """Named views of flat weights. [W, N]"""
    parts = flat.split([math.prod(shape) for _, shape in layout(sizes)], dim=1)
    return {name: part.view(-1, *shape) for (name, shape), part in zip(layout(sizes), parts)}


class Model:
    """What depends on the sizes alone, made once: rotary tables and the causal mask."""

    def __init__(self, sizes, device):
        self.sizes = sizes
        half = sizes.width // sizes.heads // 2
        frequencies = ROTARY_BASE ** (-torch.arange(half, dtype=torch.float64) / half)
        angles = torch.arange(sizes.length, dtype=torch.float64)[:, None] * frequencies
        table = lambda x: x.float().to(device)[:, None, None]  # [T, 1, 1, d/2]
        self.cos, self.sin = table(angles.cos()), table(angles.sin())
        square = torch.ones(sizes.length, sizes.length, dtype=torch.bool, device=device)
        self.causal, self.itself = square.tril(), torch.eye(sizes.length, dtype=torch.bool, device=device)

    def mask(self, prompts):
        """Added to the attention's scores: 0 where a token may be seen. [W, B, T] -> [W·B, 1, length, length]"""
        padded = F.pad(prompts.flatten(0, 1) == PAD, (0, self.sizes.completionLength))
        # A padded query sees itself, for a row without any key would be NaN; its output is unused.
        visible = (self.causal & ~padded[:, None, :]) | self.itself
        return torch.zeros(visible.shape, device=prompts.device).masked_fill_(~visible, -math.inf)[:, None]

    def states(self, named, tokens, first, attend):
        """All layers over T new tokens of every row, from position `first` on. [W, B, T] -> [W, B, T, D]"""
        sizes = self.sizes
        sets, rows, count = tokens.shape
        cos, sin = self.cos[first : first + count], self.sin[first : first + count]
        heads = (sets * rows, count, 3, sizes.heads, sizes.width // sizes.heads)
        embedding = named["embedding"]
        offsets = torch.arange(sets, device=tokens.device)[:, None, None] * sizes.vocabulary
        # One table of W·V rows: its gradient is one scatter, where indexing by two arrays is slower.
        x = F.embedding((tokens + offsets).flatten(1), embedding.reshape(-1, sizes.width))  # [W, B·T, D]
        for l in range(sizes.layers):
            part = lambda name: named[f"layers.{l}.{name}"]
            qkv = torch.bmm(rms_norm(x, part("attentionNorm")), part("qkv")).view(heads)
            q, k = rotate(qkv[:, :, :2], cos, sin).permute(2, 0, 3, 1, 4)  # each [W·B, H, T, d]
            mixed = attend(l, q, k, qkv[:, :, 2].transpose(1, 2))
            x = torch.baddbmm(x, mixed.transpose(1, 2).reshape(sets, -1, sizes.width), part("output"))
            gate, up = torch.bmm(rms_norm(x, part("mlpNorm")), part("gateUp")).chunk(2, -1)
            x = torch.baddbmm(x, F.silu(gate) * up, part("down"))
        return rms_norm(x, named["finalNorm"]).view(sets, rows, count, sizes.width)

    def completion_logits(self, flat, tokens, mask):
        """Teacher forcing: logits that predict the completion's tokens. flat [W, N], tokens [W, B, T] -> [W, B·C, V]"""
        named = unflatten(self.sizes, flat)
        attend = lambda _, q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        # The last token predicts nothing that is asked for.
        seen = mask.shape[-1] - 1
        mask = mask[..., :seen, :seen].contiguous()
        states = self.states(named, tokens[:, :, :-1], 0, attend)[:, :, self.sizes.promptLength - 1 :]
        return torch.bmm(states.flatten(1, 2), named["embedding"].transpose(1, 2))

    def completion_log_probs(self, flat, tokens, mask):
        """log π of each completion token. -> [W, B, C]"""
        logits = self.completion_logits(flat, tokens, mask)
        completions = tokens[:, :, self.sizes.promptLength :]
        losses = F.cross_entropy(logits.flatten(0, 1), completions.flatten(), reduction="none")
        return -losses.view(completions.shape)


class Decoder:
    """Token by token with a cache of keys and values, for rows that start with `prompts`. // [W, B, promptLength]"""

    def __init__(self, model, flat, prompts):
        sizes = model.sizes
        self.model, self.named = model, unflatten(sizes, flat)
        self.unembedding = self.named["embedding"].transpose(1, 2)
        rows = prompts.shape[0] * prompts.shape[1]
        shape = (2, rows, sizes.heads, sizes.length, sizes.width // sizes.heads)
        self.cache = [torch.empty(shape, device=flat.device) for _ in range(sizes.layers)]
        self.mask = model.mask(prompts)
        self.position = 0
        self.logits = self._forward(prompts)

    def advance(self, tokens):
        """Takes one more token of every row. [W, B]"""
        self.logits = self._forward(tokens[:, :, None])

    def _forward(self, tokens):
        """-> logits after the last token [W, B, V]"""
        first, end = self.position, self.position + tokens.shape[2]
        mask = self.mask[:, :, first:end, :end]

        def attend(l, q, k, v):
            keys, values = self.cache[l][0], self.cache[l][1]
            keys[:, :, first:end], values[:, :, first:end] = k, v
            return F.scaled_dot_product_attention(q, keys[:, :, :end], values[:, :, :end], attn_mask=mask)

        self.position = end
        states = self.model.states(self.named, tokens, first, attend)[:, :, -1]
        return torch.bmm(states, self.unembedding)


def rms_norm(x, gain):
    """x [W, M, D], gain [W, D]"""
    return F.rms_norm(x, (x.shape[-1],), eps=EPSILON_NORM) * gain[:, None]


def rotate(x, cos, sin):
    """Rotary positions by halves. x [W·B, T, 2, H, d]"""
    first, second = x.chunk(2, -1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)
