"""Reward models, and prompts by a template, with models of random weights in folders as the hub has them."""

import json
from pathlib import Path

import pytest
import torch
from conftest import REPOSITORY
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from pilaf_scale.laboratory import Laboratory
from pilaf_scale.settings import read_settings

TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }} {% endfor %}assistant:"


@pytest.fixture
def folder(lab, tmp_path: Path) -> Path:
    """A bandit's arms on a model of the hub, whose place the folder takes."""
    taken = tmp_path / "taken"
    small = [
        "--set",
        "schedule.steps=2",
        "--set",
        "schedule.pairs=4",
        "--set",
        "evaluation.samples=4",
        "--set",
        "seeds=1",
    ]
    small += ["--set", 'arms=[{"sampler":"pilaf"}]', "--set", "learningRate=0.01"]
    lab("export", "trl", "bandit-smaller-beta", *small, "--model", "some/model", "--out", str(taken))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(REPOSITORY / "public/checkpoints/stories.tokenizer.json"),
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        chat_template=TEMPLATE,
    )
    torch.manual_seed(0)
    size = {"vocab_size": len(tokenizer), "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    ends = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    LlamaForCausalLM(LlamaConfig(**size, **ends, num_attention_heads=2)).save_pretrained(taken / "policy")
    judge = BertConfig(**size, num_attention_heads=2, num_labels=1, pad_token_id=0, initializer_range=0.5)
    BertForSequenceClassification(judge).save_pretrained(taken / "judge")
    for name in ("policy", "judge"):
        tokenizer.save_pretrained(taken / name)
    path = taken / "experiment.yaml"
    lines = path.read_text().splitlines()
    lines = ["model: ./policy" if line.startswith("model:") else line for line in lines]
    lines = [f"  model: {taken}/judge" if line.startswith("  model:") else line for line in lines]
    path.write_text("\n".join(lines).replace("mostTokens: 128", "mostTokens: 6").replace("bf16", "fp32"))
    return taken


def test_a_reward_model_reads_question_and_answer(folder: Path) -> None:
    made = Laboratory(read_settings(folder / "experiment.yaml"))
    question = json.loads((folder / "prompts.json").read_text())["training"][0]
    prompt = made.prompts[0]
    assert made.tokenizer.decode(prompt) == f"user: {question} assistant:"
    answer = made.tokenizer("The big cat", add_special_tokens=False).input_ids
    judge = BertForSequenceClassification.from_pretrained(folder / "judge").eval()
    with torch.no_grad():
        batch = made.tokenizer([question], [made.tokenizer.decode(answer)], return_tensors="pt")
        expected = judge(**batch).logits[0, 0].item()
    found = made.oracle.rewards([prompt, prompt], [tuple(answer), (*answer, 2)])
    assert found == pytest.approx([expected, expected], abs=1e-5)
    assert made.oracle.rewards([made.prompts[1]], [tuple(answer)]) != pytest.approx([expected], abs=1e-5)


def test_it_labels_a_race(scale, folder: Path) -> None:
    done = scale(folder, "experiment.yaml", "--out", "results.json")
    assert done.returncode == 0, done.stderr
    [run] = json.loads((folder / "results.json").read_text())["runs"]
    assert [e["labels"] for e in run["evaluations"]] == [0, 4, 8]
