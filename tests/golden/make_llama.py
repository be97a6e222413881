"""
Writes a tiny Llama of random weights as `transformers` writes one, with a tokenizer, and its logits:

    pip install torch==2.13.0 transformers==5.23.0 tokenizers==0.23.3
    python tests/golden/make_llama.py
"""

import json
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
    golden = {"texts": TEXTS, "ids": texts, "logits": [[round(x, 6) for x in row] for row in logits]}
    (HERE / "logits.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
