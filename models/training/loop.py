"""The training loop: batches of all tasks in random order, one step each, checkpoints that a kill leaves whole.

Part of models/training/: needs the extra `torch`; writes only into its checkpoint folder.
"""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cosine_similarity, cross_entropy, one_hot
from transformers import PreTrainedModel

from models.errors import ModelUnusable
from models.heads import SEVERAL
from models.training.data import Pieces, batches, inverse_share_weights
from models.training.encoder import parameter_groups
from models.training.graph import Array
from models.training.recipe import HEADS, Recipe, places

_BESIDE = 0.3  # weight of the teacher's opinion of an answer that the row is not about, where sentiment's is 1


@dataclass(frozen=True, slots=True)
class Task:
    """Rows that one head learns from: `labels` are indices into HEADS[head], several a row where they may be.

    `taught` holds the teacher's outputs about each row, (rows, OUTPUTS), None where there is no teacher; `meant` the
    sentence embedding that each row should keep, (rows, width), None where none is asked for. NaN: unknown.
    """

    name: str
    head: str
    rows: Sequence[Pieces]
    labels: Sequence[tuple[int, ...]]
    taught: Array | None = None
    meant: Array | None = None


@dataclass(slots=True)
class Run:
    """A training run under way: what a checkpoint holds."""

    model: PreTrainedModel
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
    model: PreTrainedModel,
    tasks: Sequence[Task],
    recipe: Recipe,
    *,
    checkpoint: Path,
    told: Callable[[str], None],
) -> None:
    """Train in place, resuming from `checkpoint` where there is one.

    The order of the batches follows from recipe.seed alone, so a resumed run sees the rest of the same order.
    """
    plan = [batch for epoch in range(recipe.epochs) for batch in _epoch(tasks, recipe, epoch)]
    run = _start(model, recipe, len(plan), _fingerprint(recipe, tasks))
    run.resume(checkpoint)
    weights = [_class_weights(task, recipe) for task in tasks]
    model.train()
    for which, picked in plan[run.step :]:
        loss = _step(run, tasks[which], picked, weights[which], recipe)
        if run.step % 50 == 0:
            told(f"step {run.step} of {len(plan)}, {tasks[which].name} loss {loss:.3f}")
        if run.step % recipe.checkpoint_every == 0:
            run.save(checkpoint)
    run.save(checkpoint)


def _class_weights(task: Task, recipe: Recipe) -> torch.Tensor | None:
    if task.head in SEVERAL:
        return None
    labels = [label for (label,) in task.labels]
    return torch.tensor(inverse_share_weights(labels, recipe.balance, len(HEADS[task.head])))


def _epoch(tasks: Sequence[Task], recipe: Recipe, epoch: int) -> Iterator[tuple[int, list[int]]]:
    """Batches of all tasks in random order, each as (task, its rows)."""
    chance = random.Random(f"{recipe.seed}/{epoch}")
    plan: list[tuple[int, list[int]]] = []
    for which, task in enumerate(tasks):
        rows = _drawn(len(task.rows), recipe.passes[task.name], chance)
        lengths = [len(task.rows[row][0]) for row in rows]
        plan += [(which, [rows[at] for at in batch]) for batch in batches(lengths, recipe.batch, chance)]
    if len(tasks) > 1:
        chance.shuffle(plan)
    yield from plan


def _drawn(count: int, passes: float, chance: random.Random) -> list[int]:
    """Each of `count` rows ⌊passes⌋ times, and a random part of them once more."""
    rows = [row for _ in range(int(passes)) for row in range(count)]
    rest = round((passes - int(passes)) * count)
    return rows + (chance.sample(range(count), rest) if rest else [])


def _fingerprint(recipe: Recipe, tasks: Sequence[Task]) -> str:
    """Changes with whatever decides the weights; how often a checkpoint is written does not."""
    decisive = replace(recipe, checkpoint_every=0)
    told = [_sum(array) for task in tasks for array in (task.taught, task.meant)]
    known = [(task.name, task.head, task.rows, task.labels) for task in tasks]
    return hashlib.sha256(repr((decisive, told, known)).encode()).hexdigest()


def _sum(array: Array | None) -> str:
    return "" if array is None else hashlib.sha256(array.tobytes()).hexdigest()


def _start(model: PreTrainedModel, recipe: Recipe, steps: int, belongs_to: str) -> Run:
    optimiser = torch.optim.AdamW(parameter_groups(model, recipe), fused=True)
    warm = max(1, round(recipe.warmup * steps))

    def scale(step: int) -> float:
        """Linear warm-up, then linear decay to nothing."""
        return min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))

    return Run(model, optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, scale), belongs_to)


def _step(run: Run, task: Task, picked: Sequence[int], weights: torch.Tensor | None, recipe: Recipe) -> float:
    inputs = pad([task.rows[row] for row in picked], run.model)
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.half_precision):
        said = run.model(**inputs, output_hidden_states=task.meant is not None)
    outputs = said.logits.float()
    loss: Any = recipe.labels * _unlike_the_labels(outputs, [task.labels[row] for row in picked], task, weights, recipe)
    if task.taught is not None:
        loss = loss + recipe.teacher * _unlike_the_teacher(outputs, torch.from_numpy(task.taught[list(picked)]), task)
    if task.meant is not None:
        kept = torch.from_numpy(task.meant[list(picked)])
        loss = loss + recipe.meaning * _unlike_the_meaning(said.hidden_states[-2], inputs["attention_mask"], kept)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
    run.optimiser.step()
    run.schedule.step()
    run.optimiser.zero_grad(set_to_none=True)
    run.step += 1
    return float(loss.detach())


def _unlike_the_labels(
    outputs: torch.Tensor,
    labels: Sequence[tuple[int, ...]],
    task: Task,
    weights: torch.Tensor | None,
    recipe: Recipe,
) -> torch.Tensor:
    given = outputs[:, places(task.head)]
    if task.head in SEVERAL:
        rows = [one_hot(torch.tensor(row, dtype=torch.long), given.shape[1]).sum(0) for row in labels]
        return _each(given, torch.stack(rows).float())
    true = torch.tensor([label for (label,) in labels])
    return cross_entropy(given, true, weight=weights, label_smoothing=recipe.smoothing)


def _each(given: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Cross entropy of labels that do not exclude each other: each label is a question, so they add up."""
    return binary_cross_entropy_with_logits(given, truth, reduction="sum") / len(given)


def _unlike_the_teacher(outputs: torch.Tensor, said: torch.Tensor, task: Task) -> torch.Tensor:
    """Cross entropy of every answer against the teacher's: in full of what the row is about and of sentiment."""
    loss = outputs.new_zeros(())
    for head in HEADS:
        weight = 1.0 if head in ("sentiment", task.head) else _BESIDE
        own, theirs = outputs[:, places(head)], said[:, places(head)]
        if head in SEVERAL:
            known = ~theirs.isnan().any(dim=1)
            if known.any():
                loss = loss + weight * _each(own[known], theirs[known].sigmoid())
        else:
            loss = loss + weight * cross_entropy(own, theirs.softmax(dim=1))
    return loss


def _unlike_the_meaning(states: torch.Tensor, mask: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """1 − the cosine between the mean of the states that enter the last layer and the embedding to keep."""
    known = ~kept.isnan().any(dim=1)
    if not known.any():
        return states.new_zeros(())
    weights = mask[known].unsqueeze(-1)
    mean = (states[known].float() * weights).sum(1) / weights.sum(1)
    return (1.0 - cosine_similarity(mean, kept[known].float())).mean()


def pad(rows: Sequence[Pieces], model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """The encoder's inputs, padded to the longest row; segments only where the encoder has any."""
    longest = max(len(ids) for ids, _ in rows)

    def filled(values: Sequence[Sequence[int]], blank: int = 0) -> torch.Tensor:
        return torch.tensor([[*row, *[blank] * (longest - len(row))] for row in values])

    ids, kinds = zip(*rows, strict=True)
    inputs = {
        "input_ids": filled(ids, model.config.pad_token_id or 0),
        "attention_mask": filled([[1] * len(row) for row in ids]),
    }
    return inputs | {"token_type_ids": filled(kinds)} if getattr(model.config, "type_vocab_size", 0) > 1 else inputs
