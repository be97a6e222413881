"""Golden values for the best pair distribution, by an optimiser of another kind than ours.

Minimises c(w) = 1/2 tr(beta Sigma* I(w)^+) over the simplex by L-BFGS on the logits of w, in float64 with torch's
pseudo-inverse of a matrix made regular, from several starts; and c of Vanilla, Uniform and Hybrid at the optimum.

    pip install torch==2.13.0
    python tests/golden/make_designs.py > tests/golden/designs.json
"""

import json

import torch

torch.set_default_dtype(torch.float64)


def constant(weights, pairs, worth, policy, beta):
    """c of a distribution over unordered pairs; weights [K(K-1)/2] sum to 1."""
    count = policy.numel()
    information = torch.zeros(count, count)
    for weight, (a, b), value in zip(weights, pairs, worth):
        e = torch.zeros(count)
        e[a], e[b] = 1.0, -1.0
        information = information + weight * value * torch.outer(e, e)
    size = information.diagonal().max().detach()
    inverse = torch.linalg.inv(information + size * torch.ones(count, count))
    spread = torch.diag(policy) - torch.outer(policy, policy)
    return beta / 2 * torch.trace(spread @ inverse)


def best(pairs, worth, policy, beta):
    found = float("inf")
    generator = torch.Generator().manual_seed(0)
    for start in range(4):
        logits = (0.5 * start * torch.randn(len(pairs), generator=generator)).requires_grad_()
        optimiser = torch.optim.LBFGS(
            [logits], lr=1, max_iter=4000, tolerance_grad=1e-13, tolerance_change=1e-16,
            history_size=50, line_search_fn="strong_wolfe",
        )

        def closure():
            optimiser.zero_grad()
            loss = torch.log(constant(torch.softmax(logits, 0), pairs, worth, policy, beta))
            loss.backward()
            return loss

        optimiser.step(closure)
        with torch.no_grad():
            found = min(found, float(constant(torch.softmax(logits, 0), pairs, worth, policy, beta)))
    return found


def golden(reference, rewards, beta):
    h, r = torch.tensor(reference), torch.tensor(rewards)
    count = h.numel()
    policy, start = torch.softmax(h + r / beta, 0), torch.softmax(h, 0)
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    margins = torch.stack([r[a] - r[b] for a, b in pairs])
    worth = beta**2 * torch.sigmoid(margins) * torch.sigmoid(-margins)
    both = {
        "vanilla": lambda a, b: 2 * policy[a] * policy[b],
        "hybrid": lambda a, b: policy[a] * start[b] + policy[b] * start[a],
        "uniform": lambda a, b: torch.tensor(2 / count**2),
    }
    return {
        "referenceLogits": reference,
        "rewards": rewards,
        "beta": beta,
        "constant": best(pairs, worth, policy, beta),
        "samplers": {
            name: float(constant([of(a, b) for a, b in pairs], pairs, worth, policy, beta)) for name, of in both.items()
        },
    }


CASES = [
    ([0.0, 0.0, 0.0], [0.0, 1.0, 2.0], 1.0),
    ([1.0, 0.5, -0.5], [0.0, 1.5, 3.0], 1.0),
    ([0.5, -0.5, 0.2, 0.1], [1.0, 0.0, -1.0, 2.0], 0.5),
    ([0.3, -1.0, 0.8, 0.0, -0.4], [2.0, -1.0, 0.5, 3.0, 0.0], 1.0),
    ([0.3, -1.0, 0.8, 0.0, -0.4, 1.1, -0.2], [2.0, -1.0, 0.5, 3.0, 0.0, -3.5, 1.2], 2.0),
]

print(json.dumps([golden(*case) for case in CASES], indent=1))
