#!/usr/bin/env python3
"""Times online DPO of the shipped reviews checkpoint in TRL, one thread, float32. `tests/bench/trl.mjs` calls it.

    python3 -m venv /tmp/trl && /tmp/trl/bin/pip install torch==2.13.0 trl==1.16.0 transformers==5.23.0 accelerate==1.15.0
    /tmp/trl/bin/python3 tests/bench/trl_dpo.py --steps 60

The policy is converted to transformers' LlamaForCausalLM. Prints JSON: milliseconds of each step, from the end of one
to the end of the next, the first ones left out, and the largest difference between the converted model's log-probs and
those of this project's own model in PyTorch (pytorch_model.py) on the same texts.
"""

import argparse
import json
import pathlib
import sys
import tempfile
import time

import torch
from datasets import Dataset
from safetensors import safe_open
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, TrainerCallback
from trl.experimental.online_dpo import OnlineDPOConfig, OnlineDPOTrainer

# The modules beside this one would leave a folder in the repository.
sys.dont_write_bytecode = True

from pytorch_model import Model, Sizes, layout

CHECKPOINT = pathlib.Path(__file__).resolve().parents[2] / "public/checkpoints/reviews.safetensors"
WORKLOAD = json.loads((pathlib.Path(__file__).parent / "sizes.json").read_text())["workload"]
PROMPTS = ["the soup was", "my steak was", "we had the curry", "the waiter was", "we loved the", "i hated the"]
WARM_UP = 10
TOLERANCE = 1e-4


def read_checkpoint():
    with safe_open(CHECKPOINT, "pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    return Sizes(**json.loads(metadata["sizes"])), metadata["words"].split(" "), tensors


def converted(sizes, tensors):
    """Our matrices are [in, out], transformers' [out, in]; both rotate by halves."""
    config = LlamaConfig(
        vocab_size=sizes.vocabulary,
        hidden_size=sizes.width,
        intermediate_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        max_position_embeddings=sizes.length,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    model = LlamaForCausalLM(config)
    state = {"model.embed_tokens.weight": tensors["embedding"], "model.norm.weight": tensors["finalNorm"]}
    state["lm_head.weight"] = tensors["embedding"]
    names = {
        "query": "self_attn.q_proj",
        "key": "self_attn.k_proj",
        "value": "self_attn.v_proj",
        "output": "self_attn.o_proj",
        "gate": "mlp.gate_proj",
        "up": "mlp.up_proj",
        "down": "mlp.down_proj",
    }
    for l in range(sizes.layers):
        ours, theirs = f"layers.{l}.", f"model.layers.{l}."
        for own, other in names.items():
            state[f"{theirs}{other}.weight"] = tensors[ours + own].T.contiguous()
        state[f"{theirs}input_layernorm.weight"] = tensors[ours + "attentionNorm"]
        state[f"{theirs}post_attention_layernorm.weight"] = tensors[ours + "mlpNorm"]
    model.load_state_dict(state)
    return model


def difference(sizes, tensors, model):
    """Between the two models' log-probs of random completions after unpadded prompts."""
    joined = {
        **{f"layers.{l}.qkv": [f"layers.{l}.{n}" for n in ("query", "key", "value")] for l in range(sizes.layers)},
        **{f"layers.{l}.gateUp": [f"layers.{l}.{n}" for n in ("gate", "up")] for l in range(sizes.layers)},
    }
    named = {name: torch.cat([tensors[part] for part in joined.get(name, [name])], dim=-1) for name, _ in layout(sizes)}
    flat = torch.cat([named[name].flatten() for name, _ in layout(sizes)])[None]
    tokens = torch.randint(3, sizes.vocabulary, (8, sizes.length))
    with torch.no_grad():
        own = Model(sizes, "cpu")
        found = own.completion_log_probs(flat, tokens[None], own.mask(tokens[None, :, : sizes.promptLength]))[0]
        logits = model(tokens).logits[:, sizes.promptLength - 1 : -1].log_softmax(-1)
        wanted = logits.gather(2, tokens[:, sizes.promptLength :, None])[..., 0]
    return (found - wanted).abs().max().item()


def tokenizer_of(words):
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>", padding_side="left"
    )


class Clock(TrainerCallback):
    def __init__(self):
        self.ends = []

    def on_step_end(self, *_, **__):
        self.ends.append(time.perf_counter())

    def milliseconds(self):
        return [1000 * (b - a) for a, b in zip(self.ends[WARM_UP:], self.ends[WARM_UP + 1 :])]


def words_that_praise(completions, **_):
    """A reward as cheap as the oracle's."""
    praise = {"delicious", "great", "lovely", "perfect", "wonderful", "good", "excellent"}
    return [float(sum(word in praise for word in text.split())) for text in completions]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=60)
    steps = WARM_UP + 1 + parser.parse_args().steps
    torch.set_num_threads(1)
    torch.manual_seed(0)
    sizes, words, tensors = read_checkpoint()
    model = converted(sizes, tensors)
    found = difference(sizes, tensors, model)
    if found > TOLERANCE:
        raise SystemExit(f"the converted model's log-probs differ by {found}")
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        config = OnlineDPOConfig(
            output_dir=folder,
            per_device_train_batch_size=WORKLOAD["pairs"],
            max_steps=steps,
            max_new_tokens=WORKLOAD["completionLength"],
            max_length=sizes.length,
            learning_rate=WORKLOAD["learningRate"],
            beta=WORKLOAD["beta"],
            temperature=1.0,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            logging_strategy="no",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
        )
        OnlineDPOTrainer(
            model=model,
            ref_model=converted(sizes, tensors),
            reward_funcs=words_that_praise,
            args=config,
            processing_class=tokenizer_of(words),
            train_dataset=Dataset.from_dict({"prompt": [PROMPTS[i % len(PROMPTS)] for i in range(256)]}),
            callbacks=[clock],
        ).train()
    import transformers
    import trl

    versions = {"torch": torch.__version__, "trl": trl.__version__, "transformers": transformers.__version__}
    print(json.dumps({"milliseconds": clock.milliseconds(), "difference": found, "versions": versions}))


if __name__ == "__main__":
    main()
