"""Touchpoints from an encoder that was never taught them: a linear reading of its hidden states.

Part of models/training/: needs the extra `torch`; knows numbers, no files. Alain & Bengio (2016), "linear probes": what
a part of a post is about stands in the middle layers of an encoder, whatever it was tuned for. A few hundred labelled
examples are enough to read it out, and the reading then teaches the student on every post that it learns from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

STRENGTHS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)  # of the pull towards nothing; the best is chosen across trades
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Probe:
    """Logits of each label: (states − mean) × weights + bias, of the hidden states after layer `layer`."""

    layer: int
    mean: torch.Tensor
    weights: torch.Tensor
    bias: torch.Tensor

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """(rows, width) → (rows, labels)."""
        return (states - self.mean) @ self.weights + self.bias


def fit(states: torch.Tensor, truth: torch.Tensor, strength: float, layer: int) -> Probe:
    """Logistic regressions, one a label, with a squared pull of `strength` on the weights; `truth` is 0 or 1."""
    mean = states.mean(0)
    weights = torch.zeros(states.shape[1], truth.shape[1], requires_grad=True)
    bias = torch.zeros(truth.shape[1], requires_grad=True)
    optimiser: Any = torch.optim.LBFGS([weights, bias], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Any:
        optimiser.zero_grad()
        away: Any = (
            binary_cross_entropy_with_logits((states - mean) @ weights + bias, truth) + strength * (weights**2).sum()
        )
        away.backward()
        return away

    optimiser.step(loss)
    return Probe(layer, mean, weights.detach(), bias.detach())


def best(layers: Sequence[torch.Tensor], truth: torch.Tensor, groups: Sequence[str]) -> tuple[Probe, float]:
    """The probe whose layer and strength say most about groups (trades) that it did not see; and its log loss there."""
    tried = [
        (_unseen_loss(states, truth, groups, strength), layer, strength)
        for layer, states in enumerate(layers)
        for strength in STRENGTHS
    ]
    loss, layer, strength = min(tried)
    return fit(layers[layer], truth, strength, layer), loss


def _unseen_loss(states: torch.Tensor, truth: torch.Tensor, groups: Sequence[str], strength: float) -> float:
    """Mean log loss over all rows, each judged by a probe that saw no row of its group's quarter of the groups."""
    names = sorted(set(groups))
    quarter = {name: number % 4 for number, name in enumerate(names)}
    fold = torch.tensor([quarter[name] for name in groups])
    total = 0.0
    for out in range(4):
        inside, outside = fold != out, fold == out
        if not inside.any() or not outside.any():
            continue
        said = fit(states[inside], truth[inside], strength, 0).logits(states[outside])
        total += float(binary_cross_entropy_with_logits(said, truth[outside])) * int(outside.sum())
    return total / len(fold)
