"""Folders that `lab export trl` writes: they run, and say what the lab says."""

import json
import sys
from pathlib import Path

import pytest
from conftest import ENVIRONMENT, REPOSITORY, change
from transformers import AutoModelForCausalLM, AutoTokenizer

from pilaf_scale.join import joined
from pilaf_scale.models import Models, Reference, measure
from pilaf_scale.oracles import LabOracle

SMALL = ["--set", "schedule.steps=3", "--set", "schedule.pairs=4", "--set", "evaluation.every=3"]
SMALL += [
    "--set",
    "evaluation.samples=8",
    "--set",
    "seeds=2",
    "--set",
    'arms=[{"sampler":"vanilla"},{"sampler":"pilaf"}]',
]
LLAMA = json.dumps({"kind": "text", "checkpoint": str(REPOSITORY / "tests/golden/llama")})


def exported(lab, folder: Path, preset: str, *more: str) -> Path:
    lab("export", "trl", preset, *SMALL, *more, "--out", str(folder))
    return folder


@pytest.mark.parametrize("preset", ["online-dpo", "a Llama of random weights"])
def test_the_command_of_one_machine_runs_to_the_end(lab, scale, tmp_path, preset) -> None:
    more = [] if preset == "online-dpo" else ["--set", f"task={LLAMA}"]
    folder = exported(lab, tmp_path / "taken", "online-dpo", *more)
    done = scale(folder, "experiment.yaml", "--out", "results.json", "--pairs", "pairs", "--weights", "weights")
    assert done.returncode == 0, done.stderr
    results = json.loads((folder / "results.json").read_text())
    assert [(run["arm"], run["seed"], run["status"]) for run in results["runs"]] == [
        (arm, seed, "complete") for arm in ("Vanilla", "PILAF") for seed in (0, 1)
    ]
    for run in results["runs"]:
        assert [e["step"] for e in run["evaluations"]] == [0, 1, 2, 3]
        last = run["evaluations"][-1]
        assert last["labels"] == 12 and last["annotationCost"] == 24 and last["kl"] > 0
        assert last["objective"] == pytest.approx(last["reward"] - 0.1 * last["kl"])
    assert len({run["hash"] for run in results["runs"]}) == 4
    lines = [json.loads(line) for line in (folder / "pairs/pilaf-seed1.jsonl").read_text().splitlines()]
    assert [line["round"] for line in lines] == [0] * 4 + [1] * 4 + [2] * 4
    assert all(set(line) == {"round", "prompt", "chosen", "rejected"} for line in lines)
    trained = AutoModelForCausalLM.from_pretrained(folder / "weights/pilaf-seed1")
    assert not trained.get_input_embeddings().weight.equal(
        AutoModelForCausalLM.from_pretrained(folder / "model").get_input_embeddings().weight
    )
    # What comes back is read like any other results.
    shown = lab("show", str(folder / "results.json"))
    assert "PILAF" in shown and "J − Vanilla’s" in shown


def test_single_runs_join_to_the_document_of_all(lab, scale, tmp_path) -> None:
    folder = exported(lab, tmp_path / "taken", "online-dpo")
    for run in range(4):
        done = scale(folder, "experiment.yaml", "--run", str(run), "--out", f"{run}.json")
        assert done.returncode == 0, done.stderr
    whole = scale(folder, "experiment.yaml", "--out", "whole.json")
    assert whole.returncode == 0, whole.stderr
    read = lambda name: json.loads((folder / name).read_text())
    parts = joined({name: read(name) for name in ("3.json", "1.json", "0.json", "2.json")})
    assert parts["runs"] == read("whole.json")["runs"]
    with pytest.raises(ValueError, match="comes twice"):
        joined({"a": read("0.json"), "b": read("whole.json")})


def test_two_processes_share_a_run(lab, scale, tmp_path) -> None:
    folder = exported(lab, tmp_path / "taken", "online-dpo", "--set", "seeds=1")
    torchrun = [str(Path(sys.executable).parent / "torchrun"), "--standalone", "--nproc_per_node", "2"]
    start = ("env", "ACCELERATE_USE_CPU=true", *torchrun)
    done = scale(folder, "experiment.yaml", "--out", "results.json", "--pairs", "pairs", start=start)
    assert done.returncode == 0, done.stderr
    for run in json.loads((folder / "results.json").read_text())["runs"]:
        assert [e["labels"] for e in run["evaluations"]] == [0, 4, 8, 12]
    pairs = (folder / "pairs/vanilla-seed0.jsonl").read_text().splitlines()
    assert len(pairs) == 12 and len(set(pairs)) > 10


def test_rewards_and_log_probs_are_the_labs(lab, tmp_path, monkeypatch) -> None:
    """Of texts that the lab has drawn, by a policy that the lab has trained for a step."""
    folder = exported(lab, tmp_path / "taken", "online-dpo", "--set", "seeds=1", "--set", "learningRate=0.02")
    config = str(folder / "experiment.json")
    lab("run", config, "--backend", "wasm", "--set", "schedule.steps=1", "--weights", "weights")
    lab("run", config, "--backend", "wasm", "--pairs", "pairs.jsonl")
    lab("unpack", "weights/pilaf-seed0.safetensors", "--out", "trained")
    load = lambda name: AutoModelForCausalLM.from_pretrained(name).eval()
    policy, reference = load(tmp_path / "trained"), load(folder / "model")
    models = Models(policy, Reference(policy, reference), frozenset([2]), 0)
    lines = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text().splitlines()[1:-1]]
    pairs = [pair for line in lines if line["run"] == 1 and line["step"] == 2 for pair in line["pairs"]]
    assert len(pairs) == 4
    prompts = [pair["prompt"] for pair in pairs for _ in range(2)]
    texts = [text for pair in pairs for text in (pair["chosen"], pair["rejected"])]
    ratios = [ratio for pair in pairs for ratio in pair["logRatios"]]
    assert max(map(abs, ratios)) > 0.1
    assert [one.log_ratio for one in measure(models, prompts, texts)] == pytest.approx(ratios, abs=1e-4)
    monkeypatch.setenv("PILAF_LAB", ENVIRONMENT["PILAF_LAB"])
    oracle = LabOracle("./oracle.json", folder)
    assert oracle.rewards(prompts, texts) == pytest.approx([r for pair in pairs for r in pair["rewards"]], abs=1e-12)
    with pytest.raises(ValueError, match="the oracle refuses a text"):
        oracle.rewards([[1]], [[999]])
    oracle.close()


def test_the_tokenizer_writes_what_the_lab_writes(lab, tmp_path) -> None:
    folder = exported(lab, tmp_path / "taken", "stories")
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    prompts = json.loads((folder / "prompts.json").read_text())["test"]
    texts = json.loads(lab("texts", "stories", "--count", "3", "--json"))
    for prompt, text in zip(prompts[:3], texts, strict=True):
        assert tokenizer.decode(prompt, skip_special_tokens=True).strip() == text["prompt"].strip()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("arms.0.sampler", "t-pilaf", "arms.0.sampler: T-PILAF exists only where"),
        ("arms.1.loss", {"kind": "ipo", "smoothing": 0}, "arms.1.loss.kind: ipo is not supported"),
        ("labeller.reader", "panel", "labeller.reader: panel is not supported"),
        ("start", {"kind": "checkpoint", "checkpoint": "x"}, "start.kind: checkpoint is not supported"),
        ("schedule", {"steps": 3, "learningRate": "constant"}, "experiment.json: pairs is missing"),
        (
            "rounds",
            {"pairs": 6, "epochs": 1, "accumulate": False, "resetOptimiser": False, "movingReference": False},
            "rounds.pairs: 6 is not allowed; give a multiple of schedule.pairs, 4",
        ),
    ],
)
def test_what_is_not_supported_is_named(lab, scale, tmp_path, field, value, sentence) -> None:
    folder = exported(lab, tmp_path / "taken", "online-dpo")
    change(folder, field, value)
    done = scale(folder, "experiment.yaml", "--out", "results.json")
    assert done.returncode == 2
    assert sentence in done.stderr
    assert not (folder / "results.json").exists()


@pytest.mark.parametrize(
    ("line", "other", "sentence"),
    [
        ("mostTokens: 24\n", "", "experiment.yaml: mostTokens is missing"),
        ("deviceBatch: 64", "deviceBatch: 0", "deviceBatch: 0 is not allowed; give a whole number from 1 on"),
        ("mostTokens: 24", "mostTokens: many", "mostTokens: many is not allowed"),
        ("precision: fp32", "precision: fp16", "precision: fp16 is not supported; give fp32 or bf16"),
        ("lab: ./oracle.json", "people: all", "oracle: {'people': 'all'} is not supported"),
        ("prompts: ./prompts.json", "prompts: ./experiment.json", '"training" and "test" must be lists of prompts'),
    ],
)
def test_a_setting_of_the_machine_is_named(lab, scale, tmp_path, line, other, sentence) -> None:
    folder = exported(lab, tmp_path / "taken", "online-dpo")
    path = folder / "experiment.yaml"
    assert line in path.read_text()
    path.write_text(path.read_text().replace(line, other))
    done = scale(folder, "experiment.yaml", "--out", "results.json")
    assert done.returncode == 2 and sentence in done.stderr


def test_where_nothing_can_be_written_is_said_before_the_work(lab, scale, tmp_path) -> None:
    folder = exported(lab, tmp_path / "taken", "online-dpo")
    done = scale(folder, "experiment.yaml", "--out", "none/results.json")
    assert done.returncode == 2 and "No such file or directory" in done.stderr


def test_a_run_that_diverges_leaves_the_others(lab, scale, tmp_path) -> None:
    folder = exported(lab, tmp_path / "taken", "online-dpo", "--set", "seeds=1", "--set", "evaluation.every=1")
    change(folder, "arms.0.learningRate", 1e30)
    done = scale(folder, "experiment.yaml", "--out", "results.json")
    assert done.returncode == 0, done.stderr
    lost, kept = json.loads((folder / "results.json").read_text())["runs"]
    assert (lost["status"], kept["status"]) == ("diverged", "complete")
    assert 0 <= lost["evaluations"][-1]["step"] < 3


def test_an_offline_start_and_rounds_train_an_adapter(lab, scale, tmp_path) -> None:
    rounds = '{"pairs":8,"epochs":2,"accumulate":true,"resetOptimiser":true}'
    start = '{"kind":"offline","pairs":8,"epochs":2}'
    more = ["--set", f"rounds={rounds}", "--set", f"start={start}", "--set", "schedule.steps=12", "--set", "seeds=1"]
    folder = exported(lab, tmp_path / "taken", "online-dpo", *more, "--set", "learningRate=0.01")
    path = folder / "experiment.yaml"
    path.write_text(path.read_text().replace("lora: 0", "lora: 4"))
    done = scale(folder, "experiment.yaml", "--out", "results.json", "--pairs", "pairs")
    assert done.returncode == 0, done.stderr
    for run in json.loads((folder / "results.json").read_text())["runs"]:
        labels = {e["step"]: e["labels"] for e in run["evaluations"]}
        # A start of eight, a round of eight in four steps, then one of sixteen in eight.
        assert (labels[0], labels[3], labels[12]) == (8, 16, 24)
        assert run["evaluations"][0]["kl"] > 0
