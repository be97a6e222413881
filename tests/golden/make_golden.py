#!/usr/bin/env python3
"""Writes the golden values that the TypeScript is tested against, computed by PyTorch in float64 on the CPU.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install torch==2.13.0 numpy
    /tmp/golden/bin/python3 tests/golden/make_golden.py            # rewrites transformer.json and losses.json
    /tmp/golden/bin/python3 tests/golden/make_golden.py --check    # computes and compares with the files, writes nothing

Deterministic: fixed seeds, one thread. Every tensor that the TypeScript reads as input (weights, reference weights,
tables, margins) is float32-exact, so that no golden value contains an input's rounding error. Hyperparameters
(beta, learning rate, ...) are the decimals of the config, as float64.

Before anything is written the script checks itself, and fails where two ways disagree:
  - the batched, masked, left-padded PyTorch forward against plain numpy, one row at a time, padding cut off, positions
    counted from the first real token, no mask and no cache;
  - autograd against central differences of the numpy loss;
  - torch.optim.AdamW and clip_grad_norm_ against the update written out by hand;
  - log-sigmoid against 260-digit decimal arithmetic;
  - with --transformers, also against Hugging Face's LlamaForCausalLM (pip install transformers).
The same computation by PyTorch in float32 is reported in meta.float32 (largest difference over largest value, 2-norm,
worst element): the error that any float32 program must be allowed.

File format: every array is flat and row-major; `shapes` gives its axes. R runs, B rows, Lp and Lc prompt and
completion length, V vocabulary, N weights of a run in the order of `layout`, P pairs, X prompts, K responses, S steps.
"""

import argparse
import decimal
import json
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent
COMMAND = "python3 tests/golden/make_golden.py"
TRANSFORMER_SEED = 20260
TABULAR_SEED = 7

SPECIFICATION = """\
Llama family. x = E[token]. Per layer: h = rmsnorm(x, attentionNorm); q, k, v = h Wq, h Wk, h Wv (y = x W, W [in, out], \
no biases); rotary on q and k: pairs (i, i + d/2) within a head, angle = position * 10000^(-2i/d), \
first' = first cos - second sin, second' = second cos + first sin; head n owns columns n d ... (n+1) d - 1; \
softmax(q.k / sqrt(d)) over the causal, unpadded keys; x += attention Wo; m = rmsnorm(x, mlpNorm); \
x += (silu(m Wgate) * (m Wup)) Wdown. logits = rmsnorm(x, finalNorm) E^T. \
rmsnorm(x, g) = x / sqrt(mean(x^2) + 1e-5) * g. Position = column index; padded prompt keys are masked, a padded query \
sees itself alone (its output is unused). Token log-prob = log softmax(logits at column t - 1)[token t], and 0 after the \
end token; sequence log-prob = their sum. Rows (2p, 2p + 1) are pair p, the first one chosen. \
DPO loss = -log sigmoid(beta ((log-prob - reference log-prob) of chosen - of rejected)), a run's loss = mean over its \
pairs. KL = sum over visited positions of the full-vocabulary KL(policy || reference), in nats per sequence; entropy \
alike. AdamW as torch.optim.AdamW (decoupled decay, bias correction, epsilon outside the root); the gradient of each \
run is first scaled by min(1, clip / (norm + 1e-6))."""

SIZES = dict(vocabulary=12, width=16, heads=2, hidden=24, layers=2, promptLength=4, completionLength=6)
RUNS, ROWS = 2, 6
PAD, BEGIN, END = 0, 1, 2
BETA = (0.1, 1.0)
STEPS = 10
ADAMW = dict(learningRate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8, weightDecay=0.1, clip=1.0)
EPSILON_NORM, ROTARY_BASE = 1e-5, 10000.0


# ---------------------------------------------------------------- the model


def layout():
    """(name, shape) in the order of the flat weights."""
    v, d, f = SIZES["vocabulary"], SIZES["width"], SIZES["hidden"]
    layer = lambda l: [
        (f"layers.{l}.attentionNorm", (d,)),
        (f"layers.{l}.query", (d, d)),
        (f"layers.{l}.key", (d, d)),
        (f"layers.{l}.value", (d, d)),
        (f"layers.{l}.output", (d, d)),
        (f"layers.{l}.mlpNorm", (d,)),
        (f"layers.{l}.gate", (d, f)),
        (f"layers.{l}.up", (d, f)),
        (f"layers.{l}.down", (f, d)),
    ]
    return [("embedding", (v, d)), *(p for l in range(SIZES["layers"]) for p in layer(l)), ("finalNorm", (d,))]


def unflatten(flat):
    """Named views of one run's flat weights [N]; torch or numpy alike."""
    named, start = {}, 0
    for name, shape in layout():
        named[name] = flat[start : start + math.prod(shape)].reshape(shape)
        start += math.prod(shape)
    assert start == len(flat)
    return named


def rms_norm(x, gain):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + EPSILON_NORM) * gain


def rotate(x):
    """Rotary positions on [B, H, T, d]."""
    length, size = x.shape[-2:]
    frequencies = ROTARY_BASE ** (-2.0 * torch.arange(size // 2, dtype=torch.float64) / size)
    angles = torch.arange(length, dtype=torch.float64)[:, None] * frequencies  # [T, d/2]
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second = x[..., : size // 2], x[..., size // 2 :]
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


def forward(flat, tokens):
    """Logits of every column. tokens [B, T] -> [B, T, V]"""
    p, heads = unflatten(flat), SIZES["heads"]
    rows, length = tokens.shape
    split = lambda x: x.reshape(rows, length, heads, -1).transpose(1, 2)  # [B, H, T, d]
    padded = torch.zeros(rows, length, dtype=torch.bool)
    padded[:, : SIZES["promptLength"]] = tokens[:, : SIZES["promptLength"]] == PAD
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    visible = (causal & ~padded[:, None, :]) | torch.eye(length, dtype=torch.bool)  # [B, T, T]
    x = p["embedding"][tokens]
    for l in range(SIZES["layers"]):
        w = lambda name: p[f"layers.{l}.{name}"]
        h = rms_norm(x, w("attentionNorm"))
        q, k, v = rotate(split(h @ w("query"))), rotate(split(h @ w("key"))), split(h @ w("value"))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        weights = scores.masked_fill(~visible[:, None], -math.inf).softmax(-1)
        x = x + (weights @ v).transpose(1, 2).reshape(rows, length, -1) @ w("output")
        m = rms_norm(x, w("mlpNorm"))
        x = x + (F.silu(m @ w("gate")) * (m @ w("up"))) @ w("down")
    return rms_norm(x, p["finalNorm"]) @ p["embedding"].T


def completion_logits(flat, tokens):
    """Logits that predict the completion's tokens. -> [B, Lc, V]"""
    return forward(flat, tokens)[:, SIZES["promptLength"] - 1 : -1]


def token_log_probs(logits, tokens, mask):
    """-> [B, Lc], 0 where masked"""
    completions = tokens[:, SIZES["promptLength"] :]
    return logits.log_softmax(-1).gather(-1, completions[..., None])[..., 0] * mask


def dpo_losses(sequence, reference, beta):
    """Loss of each pair. sequence, reference [B] -> [B/2]"""
    ratio = sequence - reference
    return -F.logsigmoid(beta * (ratio[0::2] - ratio[1::2]))


def adamw_steps(weights, loss_of, settings, steps=STEPS):
    """torch.optim.AdamW on one run's flat weights. Returns weights after each step, losses and norms before each."""
    leaf = weights.clone().requires_grad_()
    optimizer = torch.optim.AdamW(
        [leaf],
        lr=settings["learningRate"],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
        weight_decay=settings["weightDecay"],
        foreach=False,
    )
    path, losses, norms = [], [], []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of(leaf)
        loss.backward()
        norms.append(leaf.grad.norm())
        if settings["clip"] is not None:
            torch.nn.utils.clip_grad_norm_([leaf], settings["clip"])
        optimizer.step()
        losses.append(loss.detach())
        path.append(leaf.detach().clone())
    return torch.stack(path), torch.stack(losses), torch.stack(norms)


# ---------------------------------------------------------------- inputs


def float32(values):
    return np.asarray(values, dtype=np.float32).astype(np.float64)


def on_grid(values):
    """Multiples of 1/256: exact in float32 and short in decimal."""
    return np.round(np.asarray(values) * 256) / 256


def transformer_inputs(seed):
    rng = np.random.default_rng(seed)
    size = sum(math.prod(shape) for _, shape in layout())
    parameters, reference = np.empty((RUNS, size)), np.empty((RUNS, size))
    for run in range(RUNS):
        named, named_reference = unflatten(parameters[run]), unflatten(reference[run])
        for name, shape in layout():
            norm = name.endswith("Norm")
            named[name][...] = on_grid(1 + 0.1 * rng.standard_normal(shape) if norm else 0.3 * rng.standard_normal(shape))
            # A policy that has moved away from its reference, so that log-ratios are neither tiny nor saturated.
            named_reference[name][...] = on_grid(named[name] + (0.05 if norm else 0.1) * rng.standard_normal(shape))
    # Real tokens of the prompt of each pair; length and end token of each row's completion.
    prompt_lengths = ((4, 1, 3), (2, 4, 1))
    completions = (
        ((3, True), (6, False), (1, True), (5, True), (6, True), (4, True)),
        ((6, False), (2, True), (4, True), (1, True), (5, True), (6, True)),
    )
    lp, lc = SIZES["promptLength"], SIZES["completionLength"]
    tokens = np.zeros((RUNS, ROWS, lp + lc), dtype=np.int64)
    mask = np.zeros((RUNS, ROWS, lc), dtype=np.int64)
    word = lambda count: rng.integers(END + 1, SIZES["vocabulary"], count)
    for run in range(RUNS):
        for pair, real in enumerate(prompt_lengths[run]):
            tokens[run, 2 * pair : 2 * pair + 2, lp - real : lp] = [BEGIN, *word(real - 1)]
        for row, (length, ended) in enumerate(completions[run]):
            tokens[run, row, lp : lp + length] = word(length)
            if ended:
                tokens[run, row, lp + length - 1] = END
            mask[run, row, :length] = 1
    return parameters, reference, tokens, mask


# ---------------------------------------------------------------- the golden values


def run_loss(tokens, mask, reference_sequence, beta):
    def loss(flat):
        sequence = token_log_probs(completion_logits(flat, tokens), tokens, mask).sum(-1)
        return dpo_losses(sequence, reference_sequence, beta).mean()

    return loss


def transformer_values(parameters, reference, tokens, mask, dtype):
    """All outputs, run by run; nothing is shared between runs. Arrays have the leading axis R."""
    runs = []
    for run in range(RUNS):
        weights = torch.tensor(parameters[run], dtype=dtype)
        reference_weights = torch.tensor(reference[run], dtype=dtype)
        ids, visited = torch.tensor(tokens[run]), torch.tensor(mask[run]).to(dtype)
        logits, reference_logits = completion_logits(weights, ids), completion_logits(reference_weights, ids)
        log_probs = token_log_probs(logits, ids, visited)
        reference_log_probs = token_log_probs(reference_logits, ids, visited)
        sequence, reference_sequence = log_probs.sum(-1), reference_log_probs.sum(-1)
        p, q = logits.log_softmax(-1), reference_logits.log_softmax(-1)
        kl, entropy = (p.exp() * (p - q)).sum(-1) * visited, -(p.exp() * p).sum(-1) * visited
        pairs = dpo_losses(sequence, reference_sequence, BETA[run])
        loss_of = run_loss(ids, visited, reference_sequence, BETA[run])
        leaf = weights.clone().requires_grad_()
        loss = loss_of(leaf)
        loss.backward()
        path, losses, norms = adamw_steps(weights, loss_of, ADAMW)
        runs.append(
            dict(
                logits=logits * visited[..., None],
                referenceLogits=reference_logits * visited[..., None],
                tokenLogProbs=log_probs,
                referenceTokenLogProbs=reference_log_probs,
                sequenceLogProbs=sequence,
                referenceSequenceLogProbs=reference_sequence,
                tokenKl=kl,
                tokenEntropy=entropy,
                sequenceKl=kl.sum(-1),
                sequenceEntropy=entropy.sum(-1),
                dpoLosses=pairs,
                dpoLoss=loss.detach(),
                gradient=leaf.grad,
                stepLosses=losses,
                stepGradientNorms=norms,
                parametersAfter1=path[0],
                parametersAfter10=path[9],
            )
        )
    return {name: np.stack([run[name].double().numpy() for run in runs]) for name in runs[0]}


def transformer_golden(seed=TRANSFORMER_SEED):
    inputs = transformer_inputs(seed)
    values = transformer_values(*inputs, torch.float64)
    single = transformer_values(*inputs, torch.float32)
    return inputs, values, {name: float_error(single[name], values[name]) for name in values}


def float_error(value, golden):
    """Relative errors: largest difference over largest value, in the 2-norm, and the worst single element's."""
    difference, size = np.abs(value - golden), np.abs(golden)
    errors = dict(
        max=difference.max() / size.max(),
        norm=np.linalg.norm(difference) / np.linalg.norm(size),
        element=(difference[size > 0] / size[size > 0]).max(),
    )
    return {name: float(f"{error:.1e}") for name, error in errors.items()}


TABULAR = dict(runs=2, prompts=3, responses=5, pairs=10, beta=[0.1, 1.0], learningRate=[0.05, 0.02])


def tabular_inputs():
    """Prompt 2 has no pair in run 1 (exactly zero gradient); each run has one pair of equal responses (margin 0).
    Elsewhere every response is in a pair: a response in none has zero gradient but for rounding, which Adam would
    scale up to a step, and a golden value must not rest on rounding."""
    rng = np.random.default_rng(TABULAR_SEED)
    shape = (TABULAR["runs"], TABULAR["prompts"], TABULAR["responses"])
    logits, reference = on_grid(rng.standard_normal(shape)), on_grid(rng.standard_normal(shape))
    covering = lambda x: [(x, 0, 1), (x, 2, 3), (x, 4, 0)]
    repeated = lambda x: [(x, 3, 1), (x, 0, 2), (x, 1, 4)]
    pairs = np.array(
        [
            covering(0) + repeated(1) + [(1, 2, 2)] + covering(2),
            [(x, c, r) for x in (1, 0) for c, r in ((4, 2), (0, 1), (3, 1), (1, 4))] + [(1, 2, 0), (0, 3, 3)],
        ]
    )
    assert pairs.shape == (TABULAR["runs"], TABULAR["pairs"], 3)
    return logits, reference, pairs


def tabular_values(logits, reference, pairs, dtype):
    runs = []
    for run in range(TABULAR["runs"]):
        weights, ref = torch.tensor(logits[run].ravel(), dtype=dtype), torch.tensor(reference[run], dtype=dtype)
        x, chosen, rejected = torch.tensor(pairs[run]).T
        beta = TABULAR["beta"][run]

        def pair_losses(flat):
            ratio = flat.reshape(ref.shape).log_softmax(-1) - ref.log_softmax(-1)  # [X, K]
            return -F.logsigmoid(beta * (ratio[x, chosen] - ratio[x, rejected]))

        leaf = weights.clone().requires_grad_()
        losses = pair_losses(leaf)
        losses.mean().backward()
        settings = {**ADAMW, "clip": None, "learningRate": TABULAR["learningRate"][run]}
        path, step_losses, _ = adamw_steps(weights, lambda flat: pair_losses(flat).mean(), settings)
        runs.append(
            dict(
                dpoLosses=losses.detach(),
                dpoLoss=losses.mean().detach(),
                gradient=leaf.grad,
                stepLosses=step_losses,
                logitsAfter=path,
            )
        )
    return {name: np.stack([run[name].double().numpy() for run in runs]) for name in runs[0]}


def margins():
    positive = [1e-8, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 12, 15, 17, 20, 30, 50, 80, 87, 88, 89, 95, 100]
    return float32([-m for m in reversed(positive)] + [0.0] + positive)


def margin_values():
    x = torch.tensor(margins(), requires_grad=True)
    value = F.logsigmoid(x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    losses, slopes = [], []
    betas = [0.1, 1.0, 5.0]
    for beta in betas:
        loss = -F.logsigmoid(beta * x)
        losses.append(loss.detach().numpy())
        slopes.append(torch.autograd.grad(loss.sum(), x)[0].numpy())
    return dict(
        x=margins(),
        logSigmoid=value.detach().numpy(),
        logSigmoidSlope=slope.numpy(),
        beta=np.array(betas),
        dpoLosses=np.stack(losses),
        dpoSlopes=np.stack(slopes),
    )


# ---------------------------------------------------------------- checks by other means


def agree(what, a, b, tolerance):
    error = np.abs(np.asarray(a) - np.asarray(b)).max() / max(np.abs(np.asarray(b)).max(), 1e-300)
    print(f"  {what}: relative difference {error:.1e}", file=sys.stderr)
    if not error <= tolerance:
        raise SystemExit(f"{what}: {error:.3e} exceeds {tolerance:.0e}")


def numpy_last_logits(p, tokens):
    """Logits after the last of some unpadded tokens, in scalar-minded numpy: head by head, query by query. [T] -> [V]"""
    heads, size = SIZES["heads"], SIZES["width"] // SIZES["heads"]
    norm = lambda x, g: x / np.sqrt(np.mean(x * x) + EPSILON_NORM) * g

    def turned(vector, position):
        # As complex numbers: a rotation is one multiplication.
        z = vector[: size // 2] + 1j * vector[size // 2 :]
        z = z * np.exp(1j * position * np.array([ROTARY_BASE ** (-2 * i / size) for i in range(size // 2)]))
        return np.concatenate([z.real, z.imag])

    states = [p["embedding"][t] for t in tokens]
    for l in range(SIZES["layers"]):
        w = {name.split(".")[-1]: value for name, value in p.items() if name.startswith(f"layers.{l}.")}
        normed = [norm(x, w["attentionNorm"]) for x in states]
        outputs = []
        for i in range(len(states)):
            parts = []
            for n in range(heads):
                own = slice(n * size, (n + 1) * size)
                q = turned((normed[i] @ w["query"])[own], i)
                scores = np.array([q @ turned((normed[j] @ w["key"])[own], j) for j in range(i + 1)]) / np.sqrt(size)
                weights = np.exp(scores) / np.exp(scores).sum()
                parts.append(sum(weights[j] * (normed[j] @ w["value"])[own] for j in range(i + 1)))
            outputs.append(np.concatenate(parts))
        states = [x + o @ w["output"] for x, o in zip(states, outputs)]
        for i, x in enumerate(states):
            m = norm(x, w["mlpNorm"])
            gate = m @ w["gate"]
            states[i] = x + (gate / (1 + np.exp(-gate)) * (m @ w["up"])) @ w["down"]
    return p["embedding"] @ norm(states[-1], p["finalNorm"])


def numpy_rows(flat, tokens, mask):
    """Per row, the logits of each visited position, recomputed from its prefix. Yields (row, t, logits, token)."""
    p, lp = unflatten(flat), SIZES["promptLength"]
    for row, ids in enumerate(tokens):
        start = int(np.argmax(ids != PAD))
        for t in range(int(mask[row].sum())):
            yield row, t, numpy_last_logits(p, ids[start : lp + t]), ids[lp + t]


def log_softmax(x):
    return x - np.log(np.exp(x).sum())


def check_transformer(inputs, values):
    parameters, reference, tokens, mask = inputs
    rng = np.random.default_rng(1)
    for run in range(RUNS):

        def sequence_log_probs(flat):
            out = np.zeros(ROWS)
            for row, _, logits, token in numpy_rows(flat, tokens[run], mask[run]):
                out[row] += log_softmax(logits)[token]
            return out

        logits, kl, entropy = np.zeros_like(values["logits"][run]), np.zeros(ROWS), np.zeros(ROWS)
        for (row, t, own, _), (_, _, ref, _) in zip(
            numpy_rows(parameters[run], tokens[run], mask[run]), numpy_rows(reference[run], tokens[run], mask[run])
        ):
            logits[row, t] = own
            p, q = log_softmax(own), log_softmax(ref)
            kl[row] += np.exp(p) @ (p - q)
            entropy[row] -= np.exp(p) @ p
        ref_sequence = sequence_log_probs(reference[run])

        def loss(flat):
            ratio = sequence_log_probs(flat) - ref_sequence
            return np.mean(np.log1p(np.exp(-BETA[run] * (ratio[0::2] - ratio[1::2]))))

        agree(f"run {run} logits, numpy", values["logits"][run], logits, 1e-12)
        agree(f"run {run} sequence log-probs", values["sequenceLogProbs"][run], sequence_log_probs(parameters[run]), 1e-12)
        agree(f"run {run} reference log-probs", values["referenceSequenceLogProbs"][run], ref_sequence, 1e-12)
        agree(f"run {run} KL", values["sequenceKl"][run], kl, 1e-12)
        agree(f"run {run} entropy", values["sequenceEntropy"][run], entropy, 1e-12)
        agree(f"run {run} loss", values["dpoLoss"][run], loss(parameters[run]), 1e-12)

        # One entry of every named parameter.
        start, chosen = 0, []
        for _, shape in layout():
            chosen.append(start + int(rng.integers(math.prod(shape))))
            start += math.prod(shape)
        differences = []
        for index in chosen:
            step = np.zeros(parameters.shape[1])
            step[index] = 1e-5
            differences.append((loss(parameters[run] + step) - loss(parameters[run] - step)) / 2e-5)
        agree(f"run {run} gradient, central differences", values["gradient"][run][chosen], differences, 1e-7)

        ids, visited = torch.tensor(tokens[run]), torch.tensor(mask[run]).double()
        loss_of = run_loss(ids, visited, torch.tensor(values["referenceSequenceLogProbs"][run]), BETA[run])
        path = adamw_by_hand(parameters[run], loss_of, ADAMW)
        agree(f"run {run} AdamW step 1, by hand", values["parametersAfter1"][run], path[0], 1e-12)
        agree(f"run {run} AdamW step 10, by hand", values["parametersAfter10"][run], path[9], 1e-11)


def adamw_by_hand(weights, loss_of, s, steps=STEPS):
    p, m, v, path = weights.copy(), 0.0, 0.0, []
    for step in range(1, steps + 1):
        leaf = torch.tensor(p, requires_grad=True)
        loss_of(leaf).backward()
        g = leaf.grad.numpy()
        if s["clip"] is not None:
            g = g * min(1.0, s["clip"] / (np.sqrt((g * g).sum()) + 1e-6))
        m = s["beta1"] * m + (1 - s["beta1"]) * g
        v = s["beta2"] * v + (1 - s["beta2"]) * g * g
        p = p - s["learningRate"] * s["weightDecay"] * p
        p = p - s["learningRate"] * (m / (1 - s["beta1"] ** step)) / (np.sqrt(v / (1 - s["beta2"] ** step)) + s["epsilon"])
        path.append(p)
    return np.stack(path)


def check_tabular(logits, reference, pairs, values):
    """The gradient in closed form: only the chosen and rejected logits move, by beta sigmoid(-beta margin) / P."""
    for run in range(TABULAR["runs"]):
        gradient, losses, beta = np.zeros_like(logits[run]), [], TABULAR["beta"][run]
        for x, c, r in pairs[run]:
            difference = logits[run, x] - reference[run, x]
            margin = beta * (difference[c] - difference[r])
            losses.append(math.log1p(math.exp(-margin)))
            slope = beta / (1 + math.exp(margin)) / TABULAR["pairs"]
            gradient[x, c] -= slope
            gradient[x, r] += slope
        agree(f"tabular run {run} losses", values["dpoLosses"][run], losses, 1e-12)
        agree(f"tabular run {run} gradient, closed form", values["gradient"][run], gradient.ravel(), 1e-12)


def check_margins(values):
    decimal.getcontext().prec = 260
    exact = lambda x: -(1 + (-decimal.Decimal(float(x))).exp()).ln()
    precise = np.array([float(exact(x)) for x in values["x"]])
    if not np.allclose(values["logSigmoid"], precise, rtol=1e-14, atol=0):
        raise SystemExit("log-sigmoid differs from 260-digit arithmetic")
    for beta, losses in zip(values["beta"], values["dpoLosses"]):
        precise = np.array([float(-exact(beta * x)) for x in values["x"]])
        if not np.allclose(losses, precise, rtol=1e-13, atol=0):
            raise SystemExit("DPO losses differ from 260-digit arithmetic")
    print("  log-sigmoid and DPO losses: equal to 260-digit arithmetic", file=sys.stderr)


def check_transformers(inputs, values):
    """Hugging Face's Llama, on the same left-padded batch with its attention mask."""
    from transformers import LlamaConfig, LlamaForCausalLM

    parameters, _, tokens, mask = inputs
    lp = SIZES["promptLength"]
    config = LlamaConfig(
        vocab_size=SIZES["vocabulary"],
        hidden_size=SIZES["width"],
        intermediate_size=SIZES["hidden"],
        num_hidden_layers=SIZES["layers"],
        num_attention_heads=SIZES["heads"],
        num_key_value_heads=SIZES["heads"],
        rms_norm_eps=EPSILON_NORM,
        rope_theta=ROTARY_BASE,
        hidden_act="silu",
        tie_word_embeddings=True,
        attention_bias=False,
        mlp_bias=False,
        attn_implementation="sdpa",
    )
    # sdpa: its eager attention gives NaN on padded queries in float64.
    modules = dict(query="self_attn.q_proj", key="self_attn.k_proj", value="self_attn.v_proj", output="self_attn.o_proj",
                   gate="mlp.gate_proj", up="mlp.up_proj", down="mlp.down_proj",
                   attentionNorm="input_layernorm", mlpNorm="post_attention_layernorm")  # fmt: skip
    for run in range(RUNS):
        model = LlamaForCausalLM(config).double()
        named = {name: torch.tensor(value) for name, value in unflatten(parameters[run]).items()}
        state = {"model.embed_tokens.weight": named["embedding"], "lm_head.weight": named["embedding"],
                 "model.norm.weight": named["finalNorm"]}  # fmt: skip
        for name, value in named.items():
            if name.startswith("layers."):
                _, l, part = name.split(".")
                state[f"model.layers.{l}.{modules[part]}.weight"] = value.T if value.ndim == 2 else value
        model.load_state_dict(state)
        ids = torch.tensor(tokens[run])
        seen = torch.ones_like(ids)
        seen[:, :lp] = ids[:, :lp] != PAD
        with torch.no_grad():
            logits = model(input_ids=ids, attention_mask=seen).logits[:, lp - 1 : -1].numpy() * mask[run][..., None]
        # transformers computes the rotary angles in float32 whatever the model's type.
        agree(f"run {run} logits, Hugging Face Llama", values["logits"][run], logits, 1e-6)


# ---------------------------------------------------------------- writing


def numbers(array, digits):
    if np.issubdtype(np.asarray(array).dtype, np.integer):
        return "[" + ",".join(str(v) for v in np.ravel(array)) + "]"

    def short(v):
        if not math.isfinite(v):
            raise SystemExit("a golden value is not finite")
        if v == 0:
            return "0"
        plain = np.format_float_positional(float(f"{v:.{digits - 1}e}"), trim="-")
        scientific = np.format_float_scientific(float(f"{v:.{digits - 1}e}"), trim="-", exp_digits=1)
        return min(plain, scientific, key=len)

    return "[" + ",".join(short(float(v)) for v in np.ravel(array)) + "]"


def document(meta, plain, arrays):
    """JSON with one member a line: `plain` as it is; arrays (name, axes, values, digits) flat, their shapes beside."""
    shapes = {name: list(np.shape(values)) for name, _, values, _ in arrays}
    meta = {**meta, "axes": {name: axes for name, axes, _, _ in arrays}}
    lines = [f'"meta": {json.dumps(meta)}', *(f'"{k}": {json.dumps(v)}' for k, v in plain.items())]
    lines.append(f'"shapes": {json.dumps(shapes)}')
    lines += [f'"{name}": {numbers(values, digits)}' for name, _, values, digits in arrays]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def meta(**more):
    return dict(
        torch=torch.__version__.split("+")[0],
        numpy=np.__version__,
        command=COMMAND,
        precision="float64 on the CPU, from float32-exact inputs",
        layout="all arrays flat and row-major, `shapes` gives their shapes and meta.axes their axes",
        **more,
    )


def transformer_document(inputs, values, errors):
    parameters, reference, tokens, mask = inputs
    lp = SIZES["promptLength"]
    long, full = 9, 12
    axes = dict(
        logits="R,B,Lc,V", referenceLogits="R,B,Lc,V", tokenLogProbs="R,B,Lc", referenceTokenLogProbs="R,B,Lc",
        sequenceLogProbs="R,B", referenceSequenceLogProbs="R,B", tokenKl="R,B,Lc", tokenEntropy="R,B,Lc",
        sequenceKl="R,B", sequenceEntropy="R,B", dpoLosses="R,P", dpoLoss="R", gradient="R,N", stepLosses="R,S",
        stepGradientNorms="R,S", parametersAfter1="R,N", parametersAfter10="R,N",
    )  # fmt: skip
    arrays = [
        ("tokens", "R,B,Lp+Lc", tokens, full),
        ("prompts", "R,B,Lp", tokens[..., :lp], full),
        ("completions", "R,B,Lc", tokens[..., lp:], full),
        ("mask", "R,B,Lc", mask, full),
        ("parameters", "R,N", parameters, full),
        ("reference", "R,N", reference, full),
        *((name, axes[name], value, long if "N" in axes[name] else full) for name, value in values.items()),
    ]
    notes = (
        "logits and token values are 0 where the mask is 0. stepLosses and stepGradientNorms (before clipping) are "
        "taken before each update. Token ids: 0 padding, 1 beginning, 2 end."
    )
    plain = dict(
        sizes=SIZES,
        runs=RUNS,
        rows=ROWS,
        pairs=ROWS // 2,
        beta=list(BETA),
        adamW={**ADAMW, "steps": STEPS},
        layout=[dict(name=name, shape=list(shape)) for name, shape in layout()],
    )
    spec = dict(specification=SPECIFICATION, notes=notes, seed=TRANSFORMER_SEED, float32=errors)
    return document(meta(**spec), plain, arrays)


def losses_document(margin, tabular_in, tabular, errors):
    logits, reference, pairs = tabular_in
    full = 15
    notes = (
        "Margins x are float32-exact. logSigmoid = log sigmoid(x), logSigmoidSlope its derivative; dpoLosses[b] = "
        "-log sigmoid(beta[b] x) and dpoSlopes[b] its derivative in x (x a difference of log-ratios). Values below 1e-37 "
        "are subnormal in float32. tabular: one table of logits a run, log-probs = log softmax of the prompt's row, "
        "pairs (prompt, chosen, rejected), loss = mean over pairs, no clipping, learning rate per run; stepLosses before "
        "each update."
    )
    axes = dict(x="M", logSigmoid="M", logSigmoidSlope="M", beta="C", dpoLosses="C,M", dpoSlopes="C,M")
    margin_arrays = [(name, axes[name], value, 17 if name == "x" else full) for name, value in margin.items()]
    shapes = dict(dpoLosses="R,P", dpoLoss="R", gradient="R,X*K", stepLosses="R,S", logitsAfter="R,S,X*K")
    tabular_arrays = [
        ("logits", "R,X,K", logits, full),
        ("reference", "R,X,K", reference, full),
        ("pairs", "R,P,3", pairs, full),
        *((name, shapes[name], value, full) for name, value in tabular.items()),
    ]
    member = lambda plain, arrays: "{\n" + ",\n".join(
        [*(f'"{k}": {json.dumps(v)}' for k, v in plain.items()),
         f'"shapes": {json.dumps({name: list(np.shape(v)) for name, _, v, _ in arrays})}',
         f'"axes": {json.dumps({name: axis for name, axis, _, _ in arrays})}',
         *(f'"{name}": {numbers(v, digits)}' for name, _, v, digits in arrays)]
    ) + "\n}"  # fmt: skip
    settings = {**ADAMW, "clip": None, "learningRate": TABULAR["learningRate"], "steps": STEPS}
    about = meta(notes=notes, seed=TABULAR_SEED, float32=errors)
    plain = dict(
        runs=TABULAR["runs"],
        prompts=TABULAR["prompts"],
        responses=TABULAR["responses"],
        pairCount=TABULAR["pairs"],
        beta=TABULAR["beta"],
        adamW=settings,
    )
    parts = [f'"meta": {json.dumps(about)}', f'"margins": {member({}, margin_arrays)}', f'"tabular": {member(plain, tabular_arrays)}']
    return "{\n" + ",\n".join(parts) + "\n}\n"


def compare(where, fresh, stored):
    """Fails where two documents differ, but for meta (versions and rounding of the machine) and the last digits."""
    if isinstance(fresh, dict) and fresh.keys() == stored.keys():
        for key in fresh.keys() - {"meta"}:
            compare(f"{where} {key}", fresh[key], stored[key])
    elif isinstance(fresh, list) and fresh and not isinstance(fresh[0], (dict, list)):
        if np.shape(fresh) != np.shape(stored) or not np.allclose(fresh, stored, rtol=1e-8, atol=1e-12):
            raise SystemExit(f"{where} differs from the file")
    elif fresh != stored:
        raise SystemExit(f"{where} differs from the file")


def main():
    parser = argparse.ArgumentParser(description="Writes tests/golden/transformer.json and losses.json.")
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    parser.add_argument("--transformers", action="store_true", help="also compare with Hugging Face's Llama")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

    inputs, values, errors = transformer_golden()
    check_transformer(inputs, values)
    if options.transformers:
        check_transformers(inputs, values)
    tabular_in = tabular_inputs()
    tabular = tabular_values(*tabular_in, torch.float64)
    single = tabular_values(*tabular_in, torch.float32)
    check_tabular(*tabular_in, tabular)
    margin = margin_values()
    check_margins(margin)

    documents = {
        "transformer.json": transformer_document(inputs, values, errors),
        "losses.json": losses_document(
            margin, tabular_in, tabular, {name: float_error(single[name], tabular[name]) for name in tabular}
        ),
    }
    for name, text in documents.items():
        fresh = json.loads(text)
        if options.check:
            compare(name, fresh, json.loads((HERE / name).read_text()))
            print(f"{name}: reproduced")
        else:
            (HERE / name).write_text(text)
            print(f"{name}: {len(text)} bytes")


if __name__ == "__main__":
    main()
