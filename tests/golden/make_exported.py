"""
Trains the tiny Llama of make_llama.py for three steps of DPO by the runner, has its policy unpacked, and writes what
`transformers` finds in that folder:

    pip install torch==2.13.0 transformers==5.23.0
    python tests/golden/make_exported.py
"""

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent / "llama"
CONFIG = {
    "task": {"kind": "text", "checkpoint": "tests/golden/llama/", "oracles": [{"of": "sentiment"}, {"of": "ending"}]},
    "arms": [{"sampler": "pilaf"}],
    "seeds": 1,
    "beta": 0.1,
    "learningRate": 0.01,
    "schedule": {"steps": 3, "pairs": 2},
    "evaluation": {"every": 3, "samples": 4},
}


def lab(*arguments: str) -> None:
    subprocess.run(["node", "scripts/lab.mjs", *arguments], cwd=ROOT, check=True)


def main() -> None:
    trained = HERE / "trained.safetensors"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "folder"
        (Path(scratch) / "config.json").write_text(json.dumps(CONFIG))
        lab("run", f"{scratch}/config.json", "--backend", "wasm", "--weights", f"{scratch}/policies")
        trained.write_bytes((Path(scratch) / "policies" / "pilaf-seed0.safetensors").read_bytes())
        lab("unpack", str(trained), "--out", str(folder))
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        sha256 = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
    texts = json.loads((HERE / "logits.json").read_text())["texts"]
    ids = [[tokenizer.bos_token_id, *tokenizer.encode(text, add_special_tokens=False)] for text in texts]
    with torch.inference_mode():
        logits = [model(torch.tensor([row])).logits[0, -1].tolist() for row in ids]
    golden = {"sha256": sha256, "ids": ids, "logits": [[round(x, 6) for x in row] for row in logits]}
    (HERE / "trained.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
