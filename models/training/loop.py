"""The training loop: shuffled batches, each of one task, with checkpoints that a killed run resumes from.

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
from models.training.recipe import HEADS, Recipe, places

_ASKED_AT_ONCE = 64
Pieces = tuple[list[int], list[int]]  # word-piece ids, and the segment (0 text, 1 target) of each


@dataclass(frozen=True, slots=True)
class Task:
    """Rows that one head learns from: `labels` are indices into HEADS[head].

    `taught` holds what the teacher says of each row's sentiment, None of a row that it was not asked about.
    """

    name: str
    head: str
    rows: Sequence[Pieces]
    labels: Sequence[int]
    taught: Sequence[Sequence[float] | None] = ()


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


def _class_weights(task: Task, recipe: Recipe) -> torch.Tensor:
    return torch.tensor(inverse_share_weights(task.labels, recipe.balance, len(HEADS[task.head])))


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
    return hashlib.sha256(repr((decisive, list(tasks))).encode()).hexdigest()


def _start(model: BertForSequenceClassification, recipe: Recipe, steps: int, belongs_to: str) -> Run:
    optimiser = torch.optim.AdamW(parameter_groups(model, recipe), fused=True)
    warm = max(1, round(recipe.warmup * steps))

    def scale(step: int) -> float:
        """Linear warm-up, then linear decay to nothing."""
        return min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))

    return Run(model, optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, scale), belongs_to)


def _step(run: Run, task: Task, picked: Sequence[int], weights: torch.Tensor, recipe: Recipe) -> float:
    inputs = pad([task.rows[row] for row in picked])
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.half_precision):
        outputs = run.model(**inputs).logits.float()
    labels = torch.tensor([task.labels[row] for row in picked])
    own = cross_entropy(outputs[:, places(task.head)], labels, weight=weights, label_smoothing=recipe.smoothing)
    loss: Any = own + recipe.teacher * _unlike_the_teacher(outputs, task, picked)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
    run.optimiser.step()
    run.schedule.step()
    run.optimiser.zero_grad(set_to_none=True)
    run.step += 1
    return float(loss.detach())


def _unlike_the_teacher(outputs: torch.Tensor, task: Task, picked: Sequence[int]) -> torch.Tensor:
    """Cross entropy of the sentiment against the teacher's, over the rows of the batch that it was asked about."""
    asked = [(place, said) for place, row in enumerate(picked) if task.taught and (said := task.taught[row])]
    if not asked:
        return outputs.new_zeros(())
    rows, said = zip(*asked, strict=True)
    share = len(rows) / len(picked)
    return share * cross_entropy(outputs[list(rows)][:, places("sentiment")], torch.tensor(said))


@torch.inference_mode()
def taught(tasks: Sequence[Task], teacher: BertForSequenceClassification) -> list[Task]:
    """The tasks with the teacher's opinion of the sentiment of every row that is read without a target."""
    teacher.train(mode=False)
    known: dict[tuple[int, ...], list[float]] = {}
    asked = sorted({tuple(ids) for task in tasks for ids, kinds in task.rows if not any(kinds)}, key=len)
    for start in range(0, len(asked), _ASKED_AT_ONCE):
        batch = asked[start : start + _ASKED_AT_ONCE]
        logits = teacher(**pad([(list(ids), [0] * len(ids)) for ids in batch])).logits[:, places("sentiment")]
        known |= zip(batch, torch.softmax(logits, dim=-1).tolist(), strict=True)
    return [replace(task, taught=[known.get(tuple(ids)) for ids, _ in task.rows]) for task in tasks]


def pad(rows: Sequence[Pieces]) -> dict[str, torch.Tensor]:
    """The encoder's inputs, padded with 0 to the longest row."""
    longest = max(len(ids) for ids, _ in rows)

    def filled(values: Sequence[Sequence[int]]) -> torch.Tensor:
        return torch.tensor([[*row, *[0] * (longest - len(row))] for row in values])

    ids, kinds = zip(*rows, strict=True)
    mask = filled([[1] * len(row) for row in ids])
    return {"input_ids": filled(ids), "token_type_ids": filled(kinds), "attention_mask": mask}
