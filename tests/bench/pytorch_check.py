"""Holds the benchmark's PyTorch model against the golden values that the TypeScript is tested against."""

import json
import pathlib

import torch

from pytorch_dpo import Fleet, Workload
from pytorch_model import Decoder, Model, Sizes

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "transformer.json"
# make_golden.py finds float32's own error at 2e-6 and below.
TOLERANCE = 2e-5


def check():
    """Raises SystemExit where a value differs by more than float32 may."""
    golden = json.loads(GOLDEN.read_text())
    array = lambda name: torch.tensor(golden[name], dtype=torch.float64).reshape(golden["shapes"][name])
    sizes = Sizes(**golden["sizes"])
    model = Model(sizes, "cpu")
    weights = fused(golden["layout"], array("parameters")).requires_grad_()
    reference = fused(golden["layout"], array("reference"))
    tokens, mask = array("tokens").long(), array("mask").float()
    prompts = tokens[:, :, : sizes.promptLength]
    visible = model.mask(prompts)

    log_probs = model.completion_log_probs(weights, tokens, visible) * mask
    reference_log_probs = model.completion_log_probs(reference, tokens, visible) * mask
    agree("token log-probs", log_probs, array("tokenLogProbs"))
    agree("reference log-probs", reference_log_probs, array("referenceTokenLogProbs"))

    for run, beta in enumerate(golden["beta"]):
        workload = Workload(sizes.promptLength, 1, beta, 0.01, golden["adamW"]["clip"], 1, 0, True)
        fleet = Fleet(sizes, workload, "cpu")
        own = slice(run, run + 1)
        with torch.no_grad():
            fleet.weights.copy_(weights[own])
        fleet.optimiser.param_groups[0]["weight_decay"] = golden["adamW"]["weightDecay"]
        fleet.reference = reference[own]
        reference_sums = fleet.reference_log_probs(tokens[own], mask[own])
        agree(f"reference pass, run {run}", reference_sums, array("referenceSequenceLogProbs")[own])
        loss = fleet.forward_backward(tokens[own], mask[own], reference_sums)
        agree(f"loss, run {run}", loss, array("dpoLoss")[own])
        agree(f"gradient, run {run}", fleet.weights.grad, fused(golden["layout"], array("gradient"))[own])
        fleet.update()
        agree(f"weights after a step, run {run}", fleet.weights, fused(golden["layout"], array("parametersAfter1"))[own])

    with torch.no_grad():
        decoder, logits = Decoder(model, weights, prompts), []
        for token in range(sizes.completionLength):
            if token > 0:
                decoder.advance(tokens[:, :, sizes.promptLength + token - 1])
            logits.append(decoder.logits)
    agree("decoded logits", torch.stack(logits, 2) * mask[..., None], array("logits"))
    print(f"agrees with {GOLDEN.name} on {golden['runs']} runs")


def fused(layout, flat):
    """The golden layout's weights in ours, where query, key and value are one matrix, as are gate and up. [R, N]"""
    named, start = {}, 0
    for part in layout:
        size = torch.Size(part["shape"]).numel()
        named[part["name"]] = flat[:, start : start + size].reshape(-1, *part["shape"])
        start += size
    together = {"query": ("query", "key", "value"), "gate": ("gate", "up")}
    parts = []
    for name, value in named.items():
        prefix, _, last = name.rpartition(".")
        if last in together:
            parts.append(torch.cat([named[f"{prefix}.{other}"] for other in together[last]], -1))
        elif last not in ("key", "value", "up"):
            parts.append(value)
    return torch.cat([part.flatten(1) for part in parts], 1).float()


def agree(what, value, golden):
    error = ((value.detach().double() - golden).abs().max() / golden.abs().max()).item()
    if not error <= TOLERANCE:
        raise SystemExit(f"{what}: relative difference {error:.1e} from the golden values")
    print(f"  {what}: {error:.1e}")
