"""python -m models.training: from labelled posts to a folder that ships.

Part of models/training/: joins data, loop and bundle; the only file of this room that talks to people.
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers.utils import logging as transformers_logging

from models import folder
from models.errors import ModelError
from models.evaluate import Judged, Measures, card_table, judge
from models.evaluate import measured as figures
from models.heads import SEVERAL, Head
from models.labelled import Labelled
from models.registry import load
from models.training import bundle, card, data, encoder, loop, offsets, opinions, tasks
from models.training.data import LabelledPost
from models.training.graph import Array, Shape
from models.training.loop import Task
from models.training.offsets import Offsets
from models.training.recipe import FINISH, HEADS, OUTPUTS, STUDENT, TEACHER, Recipe, head_of, places
from models.training.tasks import Splits

_log = logging.getLogger(__name__)
_TALKER: Any = transformers_logging  # only half typed


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0, or 2 with one sentence on stderr."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    if given.threads:
        torch.set_num_threads(given.threads)
    try:
        stages = [STUDENT, FINISH] if given.teacher else [TEACHER, STUDENT, FINISH]
        recipes = [replace(recipe, seed=given.seed) for recipe in stages]
        report = run(
            given.data, given.out, given.work, recipes, name=given.name, teacher=given.teacher, card_at=given.card
        )
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    tables = (f"## {name}\n\n{card_table(figures(judged))}" for name, judged in report.items())
    sys.stdout.write("\n\n".join(tables) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.training", description="Train the shipped model.")
    parser.add_argument("--data", type=Path, required=True, help="folder with sentiment/, target_sentiment/, …")
    parser.add_argument("--out", type=Path, required=True, help="folder to write, such as models/bundled")
    parser.add_argument("--card", type=Path, help="where to write the card, with its chart beside it")
    parser.add_argument("--work", type=Path, default=Path("build/training"), help="folder for checkpoints")
    parser.add_argument("--teacher", type=Path, help="weights that the first stage left, in place of running it")
    parser.add_argument("--name", default="bundled-minilm-3", help="name stored with every score")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, help="processor threads, all by default")
    return parser


def run(
    data_folder: Path,
    out: Path,
    work: Path,
    recipes: Sequence[Recipe],
    *,
    name: str,
    teacher: Path | None = None,
    card_at: Path | None = None,
) -> dict[str, Judged]:
    """Train stage after stage (or go on from the last checkpoints in `work`), write `out` and its card, and measure it.

    Every stage starts from its base weights; the trained weights of the stage before are its teacher, `teacher` those
    before the first of `recipes`. Returns answers by split: "validation" and what each task kept to measure on.
    """
    splits = [tasks.read(data_folder, recipe) for recipe in recipes]  # what is missing is told before an hour of work
    bases = [encoder.find_base(recipe.base, work) for recipe in recipes]
    stages = [teacher] if teacher else []
    for number, (recipe, base, found) in enumerate(zip(recipes, bases, splits, strict=True), 1):
        own = stages[-1] if recipe.goes_on else base
        taught_by = None if not stages else stages[-2] if recipe.goes_on and len(stages) > 1 else stages[-1]
        stages.append(fit(own, found, recipe, work / f"{number}-{recipe.base}", teacher=taught_by, base=base))
    export(stages[-1], bases[-1], recipes[-1], out, name, splits[-1])
    report = judged(out, splits[-1])
    bundle.amend(out, {folder.LANGUAGES: ["en"], folder.LICENCE: "Apache-2.0", folder.MEASURED: confusions(report)})
    if card_at:
        write_card(card_at, out, [stage.parent for stage in stages], report)
    return report


def fit(
    start: Path, found: Splits, recipe: Recipe, work: Path, *, teacher: Path | None = None, base: Path | None = None
) -> Path:
    """Train from the weights in `start`, which came of `base`; returns the folder of the trained ones.

    Both, and `teacher`, are in transformers' format. What the teacher says is kept beside `work`, for later stages.
    """
    base = base or start
    work.mkdir(parents=True, exist_ok=True)
    _TALKER.set_verbosity_error()
    _TALKER.disable_progress_bar()
    begun = time.monotonic()

    def told(line: str) -> None:
        _log.info("%5.0f s  %s", time.monotonic() - begun, line)

    learnt = _tasks(base, found, recipe, teacher, work, told)
    card.note(work, recipe, {task.name: len(task.rows) for task in learnt})
    torch.manual_seed(recipe.seed)
    model = encoder.build(start)
    loop.train(model, learnt, recipe, checkpoint=work / "run.pt", told=told)
    model.save_pretrained(work / "torch")
    encoder.load_tokenizer(base, recipe.max_tokens).save(str(work / "torch" / "tokenizer.json"))
    return work / "torch"


def _tasks(
    base: Path, found: Splits, recipe: Recipe, teacher: Path | None, work: Path, told: Callable[[str], None]
) -> list[Task]:
    learnt = {name: posts for name, posts in tasks.to_learn(found, recipe).items() if posts}
    tokenizer = encoder.load_tokenizer(base, recipe.max_tokens)
    made = [
        Task(name, head_of(name), data.encode(tokenizer, posts), [post.labels for post in posts])
        for name, posts in learnt.items()
    ]
    if not teacher or not recipe.teacher:
        return made
    examples = found.tasks["touchpoints"].kept if "touchpoints" in found.tasks else ()
    asked = opinions.Teacher(teacher, recipe.max_tokens, examples, told)
    every = [post for posts in learnt.values() for post in posts]
    ends = list(accumulate(map(len, learnt.values())))[:-1]
    said = np.split(opinions.about(every, asked, work.parent / "opinions.npz", told), ends)
    made = [replace(task, taught=rows) for task, rows in zip(made, said, strict=True)]
    if not recipe.meaning:
        return made
    meant = opinions.about(every, opinions.Meaning(base, recipe.max_tokens), work.parent / "meanings.npz", told)
    return [replace(task, meant=rows) for task, rows in zip(made, np.split(meant, ends), strict=True)]


def export(trained: Path, base: Path, recipe: Recipe, out: Path, name: str, found: Splits) -> None:
    """Write the shipped folder.

    Once as trained, to see where its classes part best, and once more to fit temperatures; both on what was kept back.
    """
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
    for each in moved(out, found):
        _log.info("%s: %s added, %.3f → %.3f", each.answer, each.added, each.before, each.after)
        weights["classifier.bias"][places(each.answer)] += np.array(each.added, np.float32)
    bundle.write_bundle(out, name, weights, shape, tokenizer, heads)
    held = {task: split.held for task, split in found.tasks.items()} | {"sentiment": found.validation}
    bundle.write_bundle(out, name, weights, shape, tokenizer, bundle.fitted_heads(out, held))


def moved(out: Path, found: Splits) -> list[Offsets]:
    """What to add to the outputs of sentiment and of the two-way answers, as the written folder gives them."""
    scorer = load(str(out))
    sets = {"sentiment": [found.validation, found.latest]}
    sets |= {name: [split.held] for name, split in found.tasks.items() if HEADS.get(name) == ("no", "yes")}
    asked = {name: [posts for posts in kept if posts] for name, kept in sets.items()}
    return [
        offsets.fit([judge(scorer, _labelled(name, posts), name) for posts in kept])
        for name, kept in asked.items()
        if kept
    ]


def judged(out: Path, found: Splits) -> dict[str, Judged]:
    """Answers of the written folder about what was kept back; toward targets also with the targets left unread."""
    scorer = load(str(out))
    plain = {"validation": found.validation, "latest": found.latest, "stream": found.stream}
    kept = {name: ("sentiment", posts) for name, posts in plain.items()}
    kept |= {name: (split.head, split.held) for name, split in found.tasks.items() if name != "sentiment"}
    if "target" in kept:
        kept["target, unread"] = ("sentiment", [replace(post, target=None) for post in kept["target"][1]])
    return {name: judge(scorer, _labelled(head, posts), head) for name, (head, posts) in kept.items() if posts}


def _labelled(head: str, posts: Sequence[LabelledPost]) -> list[Labelled]:
    names = HEADS[head]
    if head in SEVERAL:
        return [Labelled(post.text, "", post.target, tuple(names[label] for label in post.labels)) for post in posts]
    return [Labelled(post.text, names[post.label], post.target) for post in posts]


def confusions(report: Mapping[str, Judged]) -> list[dict[str, Any]]:
    """What true classes were said to be, of each set of plain posts: models.prevalence corrects shares by it."""
    measured = ((name, figures(report[name])) for name in ("validation", "latest", "stream") if name in report)
    return [
        {"set": name, "answer": "sentiment", "confusion": found.confusion}
        for name, found in measured
        if isinstance(found, Measures)
    ]


def write_card(path: Path, out: Path, stages: Sequence[Path], report: Mapping[str, Judged]) -> None:
    """Write the card of the folder `out`, trained in `stages` (their work folders, in order), and its chart."""
    scorer = load(str(out))
    chart = path.with_name(f"{path.stem}-reliability.svg")
    size = sum(file.stat().st_size for file in out.iterdir())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(card.text(scorer.name, size, stages, report, scorer, chart.name), encoding="utf-8")
    chart.write_text(card.reliability_chart(report), encoding="utf-8")
