"""
Writes a tiny Llama of random weights as `transformers` writes one, with a tokenizer, and its logits; and another in the
layout of llama2.c, its tokenizer behind it:

    pip install torch==2.13.0 transformers==5.24.0 tokenizers==0.23.3
    python tests/golden/make_llama.py
"""

import json
import struct
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM

HERE = Path(__file__).parent / "llama"
TEXTS = [
    "Once upon a time, there was a little girl named Lily.",
    'The dog ran to the park. "Look at me!" said the dog.',
    "Tom and Mia like to play in the sun.",
]


def main() -> None:
    torch.manual_seed(0)
    HERE.mkdir(exist_ok=True)
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<pad>", "<s>", "</s>", "<unk>"]
    tokenizer.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=90, special_tokens=special))
    tokenizer.save(str(HERE / "tokenizer.json"))
    # Two queries share a key and a value.
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        # Not the usual base of 10,000.
        rope_parameters={"rope_type": "default", "rope_theta": 500.0},
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        initializer_range=0.3,
    )
    model = LlamaForCausalLM(config).eval()
    model.save_pretrained(HERE)
    (HERE / "generation_config.json").unlink(missing_ok=True)
    # Read back, so that the logits are those of the file.
    model = LlamaForCausalLM.from_pretrained(HERE).eval()
    texts = [[1, *tokenizer.encode(text).ids] for text in TEXTS]
    with torch.inference_mode():
        logits = [model(torch.tensor([ids])).logits[0, -1].tolist() for ids in texts]
    theirs, theirs_logits = llama2c()
    (HERE / "llama2c.bin").write_bytes(theirs)
    golden = {"llama2c": theirs_logits, "texts": TEXTS, "ids": texts, "logits": [[round(x, 6) for x in row] for row in logits]}
    (HERE / "logits.json").write_text(json.dumps(golden) + "\n")


# Of the other model: special tokens, a token for each byte, then pieces with their scores.
PIECES = ["▁", "a", "t", "h", "e", "▁a", "▁t", "he", "▁the", "d", "o", "g", "▁d", "og", "▁dog"]
THEIR_IDS = [1, 259 + 14, 259 + 8, 259 + 5]


def llama2c() -> tuple[bytes, list[float]]:
    """Its rotary pairs are neighbours, those of transformers half a head apart."""
    config = LlamaConfig(
        vocab_size=259 + len(PIECES),
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=32,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        initializer_range=0.3,
    )
    model = LlamaForCausalLM(config).eval()
    weights = dict(model.named_parameters())
    half = config.hidden_size // config.num_attention_heads // 2
    # Row 2i of a head is their row i, row 2i + 1 their row i + half.
    order = [h * 2 * half + i + k * half for h in range(config.num_attention_heads) for i in range(half) for k in (0, 1)]
    parts = [weights["model.embed_tokens.weight"]]
    for name in ("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"):
        for layer in range(config.num_hidden_layers):
            matrix = weights[f"model.layers.{layer}.{name}.weight"]
            parts.append(matrix[order] if name[-6:] in ("q_proj", "k_proj") else matrix)
    for name in ("post_attention_layernorm", "mlp.gate_proj", "mlp.down_proj", "mlp.up_proj"):
        parts += [weights[f"model.layers.{layer}.{name}.weight"] for layer in range(config.num_hidden_layers)]
    parts.append(weights["model.norm.weight"])
    # Two tables of cosines and sines, which its readers skip.
    parts.append(torch.zeros(2 * config.max_position_embeddings * half))
    header = (config.hidden_size, config.intermediate_size, config.num_hidden_layers, 2, 2, config.vocab_size, 32)
    data = struct.pack("<7i", *header) + b"".join(part.detach().numpy().tobytes() for part in parts)
    pieces = ["<unk>", "\n<s>\n", "\n</s>\n", *(f"<0x{byte:02X}>" for byte in range(256)), *PIECES]
    data += struct.pack("<i", max(map(len, pieces)))
    for i, piece in enumerate(pieces):
        text = piece.replace("▁", " ").encode()
        data += struct.pack("<fi", -float(max(0, i - 258)), len(text)) + text
    with torch.inference_mode():
        logits = model(torch.tensor([THEIR_IDS])).logits[0, -1].tolist()
    return data, [round(x, 6) for x in logits]


if __name__ == "__main__":
    main()
