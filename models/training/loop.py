"""The training loop: one pass over shuffled batches, with checkpoints that a killed run resumes from.

Part of models/training/: needs the extra `torch`; writes only into its checkpoint folder.
"""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import BertForSequenceClassification

from models.errors import ModelUnusable
from models.training.data import batches, inverse_share_weights
from models.training.encoder import parameter_groups
from models.training.recipe import Recipe


@dataclass(slots=True)
class Run:
    """A training run under way: what a checkpoint holds."""

    model: BertForSequenceClassification
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LambdaLR
    belongs_to: str
    step: int = 0

    def save(self, path: Path) -> None:
        """Write the run so that a kill while writing leaves the previous checkpoint whole."""
        part = path.with_suffix(".part")
        state = {name: getattr(self, name).state_dict() for name in ("model", "optimiser", "schedule")}
        chance = torch.get_rng_state()
        torch.save({**state, "step": self.step, "chance": chance, "belongs_to": self.belongs_to}, part)
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint that `save` wrote; none there leaves the run at its start.

        Raises ModelUnusable when it was written with another recipe or other data.
        """
        if not path.is_file():
            return
        saved: dict[str, Any] = torch.load(path, weights_only=True)
        if saved["belongs_to"] != self.belongs_to:
            raise ModelUnusable(f"{path}: was written with another recipe or other data. Remove it, or change --work.")
        for name in ("model", "optimiser", "schedule"):
            getattr(self, name).load_state_dict(saved[name])
        self.step = saved["step"]
        torch.set_rng_state(saved["chance"])


def train(
    model: BertForSequenceClassification,
    ids: Sequence[Sequence[int]],
    labels: Sequence[int],
    recipe: Recipe,
    *,
    checkpoint: Path,
    told: Callable[[str], None],
) -> None:
    """Train in place, resuming from `checkpoint` where there is one.

    The order of the batches follows from recipe.seed alone, so a resumed run sees the rest of the same order.
    """
    plan = list(_plan([len(row) for row in ids], recipe))
    run = _start(model, recipe, len(plan), _fingerprint(recipe, ids, labels))
    run.resume(checkpoint)
    wanted = torch.tensor(labels)
    weights = torch.tensor(inverse_share_weights(labels, recipe.balance))
    model.train()
    for picked in plan[run.step :]:
        loss = _step(run, [ids[i] for i in picked], wanted[picked], weights, recipe)
        if run.step % 50 == 0:
            told(f"step {run.step} of {len(plan)}, loss {loss:.3f}")
        if run.step % recipe.checkpoint_every == 0:
            run.save(checkpoint)
    run.save(checkpoint)


def _plan(lengths: Sequence[int], recipe: Recipe) -> Iterator[list[int]]:
    for epoch in range(recipe.epochs):
        yield from batches(lengths, recipe.batch, random.Random(f"{recipe.seed}/{epoch}"))


def _fingerprint(recipe: Recipe, ids: Sequence[Sequence[int]], labels: Sequence[int]) -> str:
    """Changes with whatever decides the weights; how often a checkpoint is written does not."""
    decisive = replace(recipe, checkpoint_every=0)
    return hashlib.sha256(repr((decisive, list(map(list, ids)), list(labels))).encode()).hexdigest()


def _start(model: BertForSequenceClassification, recipe: Recipe, steps: int, belongs_to: str) -> Run:
    optimiser = torch.optim.AdamW(parameter_groups(model, recipe), fused=True)
    warm = max(1, round(recipe.warmup * steps))

    def scale(step: int) -> float:
        """Linear warm-up, then linear decay to nothing."""
        return min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))

    return Run(model, optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, scale), belongs_to)


def _step(run: Run, ids: list[Sequence[int]], labels: torch.Tensor, weights: torch.Tensor, recipe: Recipe) -> float:
    inputs, mask = pad(ids)
    logits = run.model(input_ids=inputs, attention_mask=mask).logits
    loss: Any = cross_entropy(logits, labels, weight=weights, label_smoothing=recipe.smoothing)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
    run.optimiser.step()
    run.schedule.step()
    run.optimiser.zero_grad(set_to_none=True)
    run.step += 1
    return float(loss.detach())


def pad(ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Input ids and attention mask, padded with 0 to the longest row."""
    longest = max(map(len, ids))
    inputs = torch.tensor([[*row, *[0] * (longest - len(row))] for row in ids])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    return inputs, mask
