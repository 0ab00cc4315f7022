"""The numbers of the recipe, in one place; part of models/training/, standard library only."""

from dataclasses import dataclass

LABELS = ("negative", "neutral", "positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that, with the data and the base weights, decides the trained weights.

    `rate` is the top layer's learning rate; each layer further down gets `layer_decay` times the rate above it
    (Howard & Ruder, 2018, "discriminative fine-tuning"). `balance` is the power of the inverse class share used
    as a loss weight: 0 none, 0.5 the square root, 1 full balance. `hold_out_latest` posts are kept from training to
    measure on later posts than those learnt from.
    """

    seed: int = 1
    epochs: int = 1
    batch: int = 32
    max_tokens: int = 128
    rate: float = 1e-4
    layer_decay: float = 0.9
    warmup: float = 0.06
    weight_decay: float = 0.01
    balance: float = 0.5
    smoothing: float = 0.0
    hold_out_latest: int = 2_500
    checkpoint_every: int = 200
