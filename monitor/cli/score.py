"""Score the posts of a file: each comes back with its sentiment.

Reads JSONL or CSV (`-`: standard input, JSONL) and writes JSONL in the same order, every input field kept. Knows the
models and the file format; no store.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

import models
from monitor.cli._common import (
    SHOWN_REJECTS,
    ConfigOption,
    count_lines,
    counted,
    named,
    new_app,
    progress,
    say_rejects,
    settings_of,
    talk,
)
from monitor.clock import SystemClock
from monitor.domain import Reject
from monitor.errors import InputError, ModelUnavailable
from monitor.out_file import opened
from monitor.pipeline.feeling import feeling_of
from monitor.pipeline.program import load_router
from monitor.posts import Reading, Row, read_rows, to_mention

app = new_app()
ANSWERS = ("complaint", "emotion", "irony", "offensive", "touchpoints")
NUMBERS = ("negative", "neutral", "positive", "polarity")
CHUNK = 4096  # rows scored together: enough to sort by length, small enough to keep memory flat


@app.command()
def main(
    file: Annotated[Path, typer.Argument(metavar="FILE|-", help="JSONL or CSV with a column `text`.")],
    out: Annotated[Path | None, typer.Option("--out", help="Where to write; standard output if left out.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Another model: an id or a folder.")] = None,
    config: ConfigOption = None,
) -> None:
    """Score the posts of a file."""
    settings, out = settings_of(config), named(out, "--out")
    rows = _rows(file)
    first = list(islice(rows, 1))
    router = load_router(settings, model)
    rejects: list[Reject] = []  # the first few, to show
    asked: dict[str, None] = {}  # the models that were, in the order in which they first were
    done = bad = 0
    with opened(out) as stream, progress("scoring", count_lines(file)) as shown:
        for chunk in _chunks(_chain(first, rows)):
            good = [row for row in chunk if row.mention is not None]
            refused = [row.reject for row in chunk if row.reject is not None]
            rejects, bad = (rejects + refused)[:SHOWN_REJECTS], bad + len(refused)
            for row, answer in zip(good, _answers(router, good), strict=True):
                stream.write(_line(row, answer, settings.model.unsure_below) + "\n")
                asked[answer.model] = None
            done += len(good)
            shown(done + bad)
    say_rejects(rejects, bad, str(file))
    if bad and not done:
        raise InputError(f"{file}: no row could be scored. Each line needs a field `text`.")
    talk.print(f"{counted(done, 'post')} scored by {', '.join(asked) or router.name}.", markup=False)


def _rows(file: Path) -> Iterator[Row]:
    reading = Reading(SystemClock().now(), "file", False)
    found = read_rows(sys.stdin.buffer, reading, format="jsonl") if str(file) == "-" else read_rows(file, reading)
    return (_by_its_text(row, reading) for row in found)


def _by_its_text(row: Row, reading: Reading) -> Row:
    """A row that is set aside for another field is still scored: here only the text, its target and language count."""
    if row.reject is None:
        return row
    needed = {name: row.fields[name] for name in ("text", "brand", "target", "lang") if name in row.fields}
    try:
        return replace(row, mention=to_mention(needed, reading), reject=None)
    except ValueError:
        return row


def _chain(first: list[Row], rest: Iterator[Row]) -> Iterator[Row]:
    yield from first
    yield from rest


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _answers(router: models.Router, rows: Sequence[Row]) -> list[models.Answer]:
    mentions = [row.mention for row in rows if row.mention is not None]
    targets = [mention.targets[0] if mention.targets else None for mention in mentions]
    try:
        return router.answer([each.text for each in mentions], targets, [each.lang for each in mentions])
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error


def _short(answer: float | Mapping[str, float] | None) -> object:
    """An answer to six digits; None where the model does not give it."""
    if answer is None or isinstance(answer, float | int):
        return None if answer is None else round(answer, 6)
    return {name: round(value, 6) for name, value in answer.items()}


def _line(row: Row, answer: models.Answer, unsure_below: float) -> str:
    said = answer.prediction
    rating = row.mention.rating if row.mention is not None else None
    scored = {
        **row.fields,
        **(_unsure(answer.unsure) if said is None else _felt(said.sentiment, rating, unsure_below)),
        **{name: _short(getattr(said, name, None)) for name in ANSWERS},
        "language": answer.language,
        "model": answer.model,
    }
    return json.dumps(scored, ensure_ascii=False)


def _unsure(reason: str | None) -> dict[str, object]:
    """Of a post that no model may judge: its numbers are unknown, not in the middle."""
    return {"sentiment": {"label": "unsure", **dict.fromkeys(NUMBERS), "reason": reason}}


def _felt(said: models.Sentiment, rating: float | None, unsure_below: float) -> dict[str, object]:
    """Text and stars as one, as the running program keeps them; and, where there are stars, the text alone."""
    felt = feeling_of(said, rating, unsure_below)
    sentiment: dict[str, object] = {"label": felt.label, **_numbers(felt.sentiment)}
    if felt.reason is not None:
        sentiment["reason"] = felt.reason
    scored: dict[str, object] = {"sentiment": sentiment}
    return scored if felt.text is None else {**scored, "text_sentiment": _numbers(felt.text)}


def _numbers(feeling: models.Sentiment) -> dict[str, object]:
    return {name: round(getattr(feeling, name), 6) for name in NUMBERS}
