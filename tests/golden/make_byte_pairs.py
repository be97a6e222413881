"""
Learns byte-pair vocabularies with Hugging Face's trainer from the stories' prompts:

    pip install tokenizers==0.23.3
    python tests/golden/make_byte_pairs.py
"""

import json
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

HERE = Path(__file__).parent
PROMPTS = json.loads((HERE / "../../src/tasks/text/prompts.json").read_text())
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]
# What prompts have none of: other alphabets, digits, spaces in a row, shortened words.
ODD = "Das Café hat 1,234 Stühle — it's 5 o'clock…  αβγ, we'll see: αβγ!\n\nDas Café\n"
SIZES = [90, 300, 5000]


def main() -> None:
    text = " ".join([*PROMPTS["training"], ODD])
    found = []
    for size in SIZES:
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=SPECIAL, min_frequency=2, show_progress=False)
        tokenizer.train_from_iterator([text], trainer)
        model = json.loads(tokenizer.to_str())["model"]
        vocabulary = sorted(model["vocab"], key=model["vocab"].get)
        found.append({"size": size, "vocabulary": vocabulary, "merges": model["merges"]})
    (HERE / "bytePairs.json").write_text(json.dumps({"text": text, "found": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
