"""The student: a transformer of the page's family, in PyTorch, and its file in Hugging Face's layout."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

EPSILON = 1e-5
THETA = 10_000.0


@dataclass
class Sizes:
    vocabulary: int
    width: int
    layers: int
    heads: int
    hidden: int


class Norm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight, EPSILON)


class Layer(nn.Module):
    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.heads = sizes.heads
        self.input_layernorm = Norm(sizes.width)
        self.self_attn = nn.ModuleDict(
            {f"{name}_proj": nn.Linear(sizes.width, sizes.width, bias=False) for name in "qkvo"}
        )
        self.post_attention_layernorm = Norm(sizes.width)
        self.mlp = nn.ModuleDict(
            {
                "gate_proj": nn.Linear(sizes.width, sizes.hidden, bias=False),
                "up_proj": nn.Linear(sizes.width, sizes.hidden, bias=False),
                "down_proj": nn.Linear(sizes.hidden, sizes.width, bias=False),
            }
        )

    def forward(self, x: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
        rows, length, width = x.shape
        h = self.input_layernorm(x)
        q, k, v = (
            self.self_attn[f"{name}_proj"](h).view(rows, length, self.heads, -1).transpose(1, 2) for name in "qkv"
        )
        mixed = F.scaled_dot_product_attention(turned(q, cosine, sine), turned(k, cosine, sine), v, is_causal=True)
        x = x + self.self_attn["o_proj"](mixed.transpose(1, 2).reshape(rows, length, width))
        h = self.post_attention_layernorm(x)
        return x + self.mlp["down_proj"](F.silu(self.mlp["gate_proj"](h)) * self.mlp["up_proj"](h))


class Student(nn.Module):
    """Llama's family: RMSNorm, rotary positions, SwiGLU, tied embeddings, no biases. The names are Hugging Face's."""

    def __init__(self, sizes: Sizes, length: int) -> None:
        super().__init__()
        self.sizes = sizes
        self.model = nn.ModuleDict(
            {
                "embed_tokens": nn.Embedding(sizes.vocabulary, sizes.width),
                "layers": nn.ModuleList(Layer(sizes) for _ in range(sizes.layers)),
                "norm": Norm(sizes.width),
            }
        )
        half = sizes.width // sizes.heads // 2
        angles = torch.arange(length)[:, None] * THETA ** (-torch.arange(half) / half)
        self.register_buffer("cosine", angles.cos(), persistent=False)
        self.register_buffer("sine", angles.sin(), persistent=False)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                residual = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(weight, std=0.02 / (2 * sizes.layers) ** 0.5 if residual else 0.02)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Logits of the next token. // [B, T] → [B, T, V]"""
        length = ids.shape[1]
        x = self.model["embed_tokens"](ids)
        for layer in self.model["layers"]:
            x = layer(x, self.cosine[:length], self.sine[:length])
        return self.model["norm"](x) @ self.model["embed_tokens"].weight.T

    @torch.inference_mode()
    def write(self, prompts: list[list[int]], length: int, end: int, generator: torch.Generator) -> list[list[int]]:
        """A completion of each prompt, drawn at temperature 1, up to its end."""
        texts = [list(prompt) for prompt in prompts]
        open_rows = set(range(len(texts)))
        for _ in range(length):
            rows = sorted(open_rows)
            longest = max(len(texts[row]) for row in rows)
            ids = torch.tensor([texts[row] + [0] * (longest - len(texts[row])) for row in rows])
            last = torch.tensor([len(texts[row]) - 1 for row in rows])
            logits = self(ids)[torch.arange(len(rows)), last]
            drawn = torch.multinomial(logits.softmax(-1), 1, generator=generator)[:, 0].tolist()
            for row, token in zip(rows, drawn, strict=True):
                texts[row].append(token)
                if token == end:
                    open_rows.remove(row)
            if not open_rows:
                break
        return [text[len(prompt) :] for text, prompt in zip(texts, prompts, strict=True)]

    def config(self, positions: int) -> dict:
        """config.json as `transformers` reads it."""
        sizes = self.sizes
        return {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_size": sizes.width,
            "intermediate_size": sizes.hidden,
            "num_hidden_layers": sizes.layers,
            "num_attention_heads": sizes.heads,
            "num_key_value_heads": sizes.heads,
            "vocab_size": sizes.vocabulary,
            "max_position_embeddings": positions,
            "rms_norm_eps": EPSILON,
            "rope_theta": THETA,
            "hidden_act": "silu",
            "tie_word_embeddings": True,
            "pad_token_id": 0,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "torch_dtype": "float16",
        }


def turned(x: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """Pairs (i, i + d/2) of a head, turned by their position's angles. // [B, H, T, d]"""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cosine - b * sine, a * sine + b * cosine), -1)
