"""python -m models.training: from labelled posts to a folder that ships.

Part of models/training/: joins data, loop and bundle; the only file of this room that talks to people.
"""

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers.utils import logging as transformers_logging

from models.errors import ModelError
from models.evaluate import Labelled, Measures, card_table, evaluate
from models.heads import Head
from models.registry import load
from models.training import bundle, data, encoder, loop, tasks
from models.training.data import LabelledPost
from models.training.graph import Array, Shape
from models.training.loop import Task
from models.training.recipe import FIRST, HEADS, OUTPUTS, SECOND, Recipe, head_of
from models.training.tasks import Splits
from models.values import Scorer

_log = logging.getLogger(__name__)
_TALKER: Any = transformers_logging  # only half typed


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0, or 2 with one sentence on stderr."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    if given.threads:
        torch.set_num_threads(given.threads)
    try:
        stages = [SECOND] if given.teacher else [FIRST, SECOND]
        recipes = [replace(recipe, seed=given.seed) for recipe in stages]
        report = run(given.data, given.out, given.work, recipes, name=given.name, teacher=given.teacher)
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("\n\n".join(f"## {name}\n\n{card_table(found)}" for name, found in report.items()) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.training", description="Train the shipped model.")
    parser.add_argument("--data", type=Path, required=True, help="folder with sentiment/, target_sentiment/, …")
    parser.add_argument("--out", type=Path, required=True, help="folder to write, such as models/bundled")
    parser.add_argument("--work", type=Path, default=Path("build/training"), help="folder for checkpoints")
    parser.add_argument("--teacher", type=Path, help="weights that the first stage left, in place of running it")
    parser.add_argument("--name", default="bundled-minilm-2", help="name stored with every score")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, help="processor threads, all by default")
    return parser


def run(
    data_folder: Path, out: Path, work: Path, recipes: Sequence[Recipe], *, name: str, teacher: Path | None = None
) -> dict[str, Measures]:
    """Train stage after stage (or go on from the last checkpoints in `work`), write `out`, and measure it.

    Every stage starts from the base weights; the weights of the stage before are its teacher, `teacher` those before
    the first of `recipes`. Returns figures by split: "validation" and what each task kept to measure on.
    """
    splits = [tasks.read(data_folder, recipe) for recipe in recipes]  # what is missing is told before an hour of work
    base = encoder.find_base()
    found = Splits()
    for number, (recipe, found) in enumerate(zip(recipes, splits, strict=True), 1):
        teacher = fit(base, found, recipe, work / str(number), teacher=teacher)
    export(teacher or base, base, recipes[-1], out, name, found)
    return measured(out, found)


def fit(base: Path, found: Splits, recipe: Recipe, work: Path, *, teacher: Path | None = None) -> Path:
    """Train from the base weights; returns the folder of the trained ones, in transformers' format."""
    work.mkdir(parents=True, exist_ok=True)
    _TALKER.set_verbosity_error()
    _TALKER.disable_progress_bar()
    (work / "recipe.json").write_text(json.dumps(asdict(recipe), indent=2) + "\n", encoding="utf-8")
    learnt = _tasks(base, found, recipe, teacher)
    torch.manual_seed(recipe.seed)
    model = encoder.build(base)
    begun = time.monotonic()
    loop.train(
        model,
        learnt,
        recipe,
        checkpoint=work / "run.pt",
        told=lambda line: _log.info("%5.0f s  %s", time.monotonic() - begun, line),
    )
    model.save_pretrained(work / "torch")
    return work / "torch"


def _tasks(base: Path, found: Splits, recipe: Recipe, teacher: Path | None) -> list[Task]:
    tokenizer = encoder.load_tokenizer(base, recipe.max_tokens)
    made = []
    for name, posts in tasks.to_learn(found, recipe).items():
        if not posts:
            continue
        rows, labels = data.encode(tokenizer, posts), [post.label for post in posts]
        made.append(Task(name, head_of(name), rows, labels))
    if not teacher or not recipe.teacher:
        return made
    return loop.taught(made, encoder.build(teacher))


def export(trained: Path, base: Path, recipe: Recipe, out: Path, name: str, found: Splits) -> None:
    """Write the shipped folder: once at temperature 1, then with the temperatures that fit what was kept back."""
    model = encoder.build(trained)
    weights: dict[str, Array] = {key: value.numpy().astype(np.float32) for key, value in model.state_dict().items()}
    config = model.config
    shape = Shape(config.num_hidden_layers, config.num_attention_heads, recipe.max_tokens, OUTPUTS)
    tokenizer = encoder.load_tokenizer(base, recipe.max_tokens)
    heads = [
        Head(name=head, labels=labels, temperature=1.0, toward=1.0 if head == "sentiment" else None)
        for head, labels in HEADS.items()
    ]
    bundle.write_bundle(out, name, weights, shape, tokenizer, heads)
    held = {task: split.held for task, split in found.tasks.items()} | {"sentiment": found.validation}
    bundle.write_bundle(out, name, weights, shape, tokenizer, bundle.fitted_heads(out, held))


def measured(out: Path, found: Splits) -> dict[str, Measures]:
    """Figures of the written folder by what was kept back; toward targets also with the targets left unread."""
    scorer = load(str(out))
    kept = {"validation": ("sentiment", found.validation), "latest": ("sentiment", found.latest)}
    kept |= {name: (split.head, split.held) for name, split in found.tasks.items() if name != "sentiment"}
    if "target" in kept:
        kept["target, unread"] = ("sentiment", [replace(post, target=None) for post in kept["target"][1]])
    return {name: _measures(scorer, head, posts) for name, (head, posts) in kept.items() if posts}


def _measures(scorer: Scorer, head: str, posts: Sequence[LabelledPost]) -> Measures:
    rows = [Labelled(post.text, HEADS[head][post.label], post.target) for post in posts]
    return evaluate(scorer, rows, head)
