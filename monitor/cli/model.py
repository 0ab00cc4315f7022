"""Models: which there are, how good and how fast one is, fetch one, calibrate one on your own posts.

Knows how to ask models/ and how to show what it says; measures and learns nothing itself. No store.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

import models
from models import about, bench, calibration, corrections, evaluate, intervals, labelled, reliability
from models.fetch import fetch as fetch_model
from models.heads import ANSWERS, SEVERAL
from monitor.cli._common import (
    ConfigOption,
    JsonOption,
    counted,
    emit_json,
    named,
    new_app,
    say_rejects,
    settings_of,
    table,
    talk,
)
from monitor.domain import Reject
from monitor.errors import InputError, ModelUnavailable, MonitorError
from monitor.out_file import opened
from monitor.pipeline.program import load_model

app = new_app(no_args_is_help=True)
NameOption = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="A shipped model, a folder or an id; else the settings'.")
]
AnswerOption = Annotated[str, typer.Option("--answer", help=f"What the labels are about: {', '.join(ANSWERS)}.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Of what is drawn by chance.")]
LabelledFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="JSONL or CSV with `text` and `label`, and `target` if it is about one.")
]
DEFAULT_OUT = Path("calibration.json")
LEVEL = 0.95


@contextmanager
def _in_our_words() -> Iterator[None]:
    """The errors of models/ as ours, each with its exit code."""
    try:
        yield
    except labelled.BadFile as error:
        raise InputError(str(error)) from error
    except (corrections.TooFew, corrections.NoHelp) as error:
        raise MonitorError(str(error)) from error
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error


# Which there are


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """Show the models that are here, the engine for all others, and what is missing."""
    found = models.available()
    if as_json:
        emit_json(found)
        return
    rows: list[tuple[object, ...]] = [(i.name, i.engine, ", ".join(i.languages or ()) or None, i.missing or i.where)
                                      for i in found]  # fmt: skip
    table("Models", ("name", "engine", "languages", "where, or what is missing"), rows)


@app.command()
def info(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A shipped model, a folder, or an id.")] = "bundled",
    as_json: JsonOption = False,
) -> None:
    """Show a model's size, answers, languages, licence, measured figures and card."""
    with _in_our_words():
        told = about.describe(name)
    if as_json:
        emit_json(told)
        return
    rows: list[tuple[object, ...]] = [
        ("name", told.name), ("engine", told.engine), ("where", told.where), ("size", f"{told.size / 1e6:.1f} MB"),
        *((answer, ", ".join(labels)) for answer, labels in told.answers.items()),
        ("languages measured", ", ".join(told.languages or ()) or None), ("licence", told.licence), ("card", told.card),
    ]  # fmt: skip
    table("Model", ("what", "value"), rows)
    if told.measured:
        figures: list[tuple[object, ...]] = [
            (m.set, m.answer, m.texts, f"{m.accuracy:.3f}", f"{m.macro_recall:.3f}") for m in told.measured
        ]
        table("Measured", ("set", "answer", "texts", "accuracy", "macro-averaged recall"), figures)


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An id on the hub, such as someone/model.")],
) -> None:
    """Download a model of the Hugging Face hub before it is needed; never pickled weights."""
    with _in_our_words():
        found = fetch_model(name)
    talk.print(
        f"{found.name}@{found.commit[:8]}: {counted(len(found.files), 'file')},"
        f" {found.size / 1e6:.1f} MB, in {found.where}.",
        markup=False,
    )


# How good and how fast


@app.command("eval")
def eval_(
    file: LabelledFile,
    answer: AnswerOption = "sentiment",
    model: NameOption = None,
    calibrated: Annotated[
        Path | None, typer.Option("--calibration", metavar="FILE", help="A calibration to measure the model with.")
    ] = None,
    without_target: Annotated[bool, typer.Option("--without-target", help="Leave the targets unread.")] = False,
    worst: Annotated[int, typer.Option("--worst", min=0, max=1000, help="How many mistakes to show.")] = 5,
    seed: SeedOption = 1,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a model on labelled posts.

    Figures with intervals, precision and recall of each class, how often it was right when it was how sure, and its
    surest mistakes. Rows that cannot be used are set aside and told.
    """
    rows = _rows(file, answer)
    judged = _judged(
        _scorer(config, model, calibrated), labelled.without_targets(rows) if without_target else rows, answer
    )
    measures = evaluate.measured(judged)
    means = intervals.of_means(judged, seed=seed, level=LEVEL)
    held = reliability.bins(*evaluate.surest(judged), level=LEVEL)
    by_mass = reliability.bins(*evaluate.surest(judged), cut="mass", level=LEVEL)
    mistakes = evaluate.mistakes(judged, worst)
    if as_json:
        told = {"answer": answer, "level": LEVEL, "measures": measures, "intervals": means, "reliability": held}
        emit_json({**told, "calibration_error_by_mass": reliability.calibration_error(by_mass), "mistakes": mistakes})
        return
    _show_means(measures, means, reliability.calibration_error(by_mass))
    _show_classes(measures)
    _show_reliability(held)
    shown: list[tuple[object, ...]] = [(m.labelled, m.said, f"{m.confidence:.2f}", m.text) for m in mistakes]
    if shown:
        table("Surest mistakes", ("labelled", "said", "confidence", "text"), shown)


def _show_means(
    measures: evaluate.Measures | evaluate.SeveralMeasures, means: dict[str, intervals.Interval], by_mass: float
) -> None:
    rows: list[tuple[object, ...]] = []
    for name, value in evaluate.means(measures).items():
        found = means.get(name)
        rows.append((name, f"{value:.3f}", f"{found.low:.3f} to {found.high:.3f}" if found else None))
    rows.append(("calibration error, bins of equal mass", f"{by_mass:.3f}", None))
    table(counted(measures.texts, "text"), ("figure", "value", f"{LEVEL:.0%} interval"), rows)


def _show_classes(measures: evaluate.Measures | evaluate.SeveralMeasures) -> None:
    confusion = measures.confusion if isinstance(measures, evaluate.Measures) else None
    columns = ("class", "texts", "precision", "recall", "interval of recall", "F1")
    rows: list[tuple[object, ...]] = []
    for at, (name, found) in enumerate(measures.by_class.items()):
        rows.append((name, found.support, *_figures(found), *(confusion[at] if confusion else ())))
    said = tuple(f"said {name}" for name in measures.by_class) if confusion else ()
    table("Classes", columns + said, rows)


def _figures(found: evaluate.ClassMeasure) -> tuple[str | None, ...]:
    """Precision, recall, its interval, F1; of a class that no text has, unknown."""
    bounds = reliability.wilson(round(found.recall * found.support), found.support, LEVEL)
    if bounds is None:
        return (None, None, None, None)
    interval = f"{bounds[0]:.3f} to {bounds[1]:.3f}"
    return (f"{found.precision:.3f}", f"{found.recall:.3f}", interval, f"{found.f1:.3f}")


def _show_reliability(held: list[reliability.Bin]) -> None:
    rows: list[tuple[object, ...]] = [
        (f"{each.start:.1f} to {each.end:.1f}", each.texts, f"{each.confidence:.3f}", f"{each.right:.3f}",
         f"{each.low:.3f} to {each.high:.3f}", reliability.bar(each.right))
        for each in held
    ]  # fmt: skip
    table("How sure it was, and how often it was right", ("sure", "texts", "mean", "right", "interval", ""), rows)


@app.command("bench")
def bench_(
    texts: Annotated[int, typer.Option("--texts", min=1, max=100_000, help="How many made-up posts to score.")] = 1000,
    model: NameOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast a model is on this machine.

    A slow one gets fewer texts, so that it takes about ten seconds.
    """
    settings = settings_of(config)
    with _in_our_words():
        found = bench.measure(lambda: load_model(settings, model), texts)
    if as_json:
        emit_json(found)
        return
    memory = None if found.peak_mb is None else f"{found.peak_mb:.0f} MB"
    rows: list[tuple[object, ...]] = [
        ("model", found.model), ("texts", found.texts), ("texts a second", f"{found.per_second:.0f}"),
        ("first answer", f"{found.first_answer_s:.1f} s"), ("peak memory", memory),
    ]  # fmt: skip
    table("Speed", ("what", "value"), rows)


# Calibration


@app.command()
def calibrate(
    file: LabelledFile,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write the calibration.")] = DEFAULT_OUT,
    answer: AnswerOption = "sentiment",
    model: NameOption = None,
    temperature_only: Annotated[
        bool, typer.Option("--temperature-only", help="Learn how sure to be, not how often to say what.")
    ] = False,
    seed: SeedOption = 1,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn from your own labelled posts how far to trust a model.

    Nothing is trained: a temperature and a bias for each label are learned, from posts that were drawn by chance, 50 at
    the least and 5 of each label. Refuses where they do not show that it helps. Other answers in the file --out are
    kept.
    """
    named(out, "--out")
    rows = _rows(file, answer)
    scorer = _scorer(config, model or settings_of(config).model.name, None)
    with _in_our_words():
        kept = _kept(out, scorer.name)
    judged = _judged(scorer, rows, answer)
    with _in_our_words():
        learned, worth = corrections.calibrate(judged, seed=seed, biased=not temperature_only)
    found = replace(kept, answers={**kept.answers, answer: learned})
    with opened(out) as stream:
        stream.write(found.text())
    if as_json:
        emit_json({"model": scorer.name, "calibration": found.name, "out": str(out), "worth": worth, answer: learned})
        return
    _show_worth(worth)
    talk.print(f'{out}: written for {scorer.name}. Use it with [model] calibration = "{out}".', markup=False)


def _kept(out: Path, model: str) -> calibration.Calibration:
    """What the file says already; one for another model is not written over."""
    if not out.exists():
        return calibration.Calibration(model)
    found = calibration.read(out)
    if found.model != model:
        raise InputError(f"{out}: was made for {found.model}, and the model is {model}. Name another file with --out.")
    return found


def _show_worth(worth: corrections.Worth) -> None:
    rows: list[tuple[object, ...]] = [
        (name, f"{each.before:.4f}", f"{each.after:.4f}", f"{each.change.low:+.4f} to {each.change.high:+.4f}")
        for name, each in worth.figures.items()
    ]
    title = f"{counted(worth.texts, 'text')}, each judged by what {worth.folds - 1} of {worth.folds} parts taught"
    table(title, ("figure", "before", "after", f"change, {worth.level:.0%} interval"), rows)


# What both need


def _scorer(config: Path | None, model: str | None, calibrated: Path | None) -> models.Scorer:
    settings = settings_of(config)
    if calibrated is None:
        return load_model(settings, model)
    section = settings.model
    options: dict[str, Any] = {"threads": section.threads, "device": section.device, "calibration": calibrated}
    with _in_our_words():
        return models.load(model or section.name, **options)


def _rows(file: Path, answer: str) -> list[labelled.Labelled]:
    """The file's rows; those that cannot be used are told and set aside."""
    if answer not in ANSWERS:
        raise InputError(f'--answer "{answer}" is not one of {", ".join(ANSWERS)}.')
    with _in_our_words():
        rows, refused = labelled.read_rows(file, answer)
    rejects = [Reject(line=each.line, reason=each.reason, raw=each.raw) for each in refused]
    say_rejects(rejects, len(rejects), str(file))
    if not rows:
        needed = "`label`, a list" if answer in SEVERAL else "`label`"
        raise InputError(f"{file}: no row can be used. Each needs `text` and {needed}.")
    return rows


def _judged(scorer: models.Scorer, rows: list[labelled.Labelled], answer: str) -> evaluate.Judged:
    with _in_our_words():
        return evaluate.judge(scorer, rows, answer)
