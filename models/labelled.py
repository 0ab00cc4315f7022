"""Labelled texts from a file: JSONL or CSV with `text`, the label of one answer, and perhaps `target`.

Part of models/: knows the answers and their labels, no model and no figures. Standard library only.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.errors import ModelError
from models.heads import ANSWERS, SEVERAL
from models.text import normalise

_LONGEST_LINE = 1 << 20  # bytes of one row; what is longer is no post
_RAW_SHOWN = 200  # characters of a refused row that are kept


class BadFile(ModelError):
    """A labelled file is absent, or a line of it cannot be used."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled text. Of an answer in SEVERAL `label` is empty, and `labels` holds any number of them.

    `target` is whom the label is about, None where it is about the post; `created_at` an ISO 8601 string and `domain`
    a trade, each None where the file does not tell.
    """

    text: str
    label: str
    target: str | None = None
    labels: tuple[str, ...] = ()
    created_at: str | None = None
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be used: its line, the reason in words, and how the row begins."""

    line: int
    reason: str
    raw: str


def read_labelled(path: Path, answer: str = "sentiment") -> list[Labelled]:
    """The rows of a file that is labelled for one of ANSWERS. Raises BadFile at the first that cannot be used."""
    rows, refused = read_rows(path, answer)
    if refused:
        raise BadFile(f"{path}, line {refused[0].line}: {refused[0].reason}.")
    return rows


def read_rows(path: Path, answer: str = "sentiment") -> tuple[list[Labelled], list[Refused]]:
    """The rows that can be used, and those that cannot. CSV by the file's name, JSONL otherwise.

    Raises BadFile where the file cannot be read, or holds no row at all.
    """
    rows: list[Labelled] = []
    refused: list[Refused] = []
    for line, raw, fields in _fields(path):
        try:
            rows.append(_labelled(fields() if callable(fields) else fields, answer))
        except (ValueError, RecursionError) as error:
            refused.append(Refused(line, _reason(error), raw[:_RAW_SHOWN]))
    if not rows and not refused:
        raise BadFile(f"{path}: holds no labelled text. Each row needs `text` and `label`.")
    return rows, refused


def without_targets(rows: Sequence[Labelled]) -> list[Labelled]:
    """The same rows about no target."""
    return [replace(row, target=None) for row in rows]


def label_named(label: object, answer: str) -> str:
    """One of ANSWERS[answer]; of a two-way answer also 1 and 0, or its name ("irony") and "non_irony", "not-irony".

    Raises ValueError on anything else.

    >>> label_named("non_irony", "irony"), label_named(1, "complaint"), label_named(" Joy", "emotion")
    ('no', 'yes', 'joy')
    """
    said = str(int(label) if isinstance(label, bool) else label).strip().casefold()
    if ANSWERS[answer] == ("no", "yes"):
        known = {"1": "yes", answer: "yes", "0": "no"} | {f"{no}{answer}": "no" for no in ("non_", "non-", "not-")}
        said = known.get(said, said)
    if said not in ANSWERS[answer]:
        raise ValueError(f'"{said[:40]}" is not one of {", ".join(ANSWERS[answer])}')
    return said


def labels_named(labels: object, answer: str) -> tuple[str, ...]:
    """Any number of ANSWERS[answer], each once and in its order, from a list or a text with ; between them.

    Raises ValueError on anything else.

    >>> labels_named("staff; price", "touchpoints"), labels_named([], "touchpoints")
    (('price', 'staff'), ())
    """
    given = [part for part in labels.split(";") if part.strip()] if isinstance(labels, str) else labels
    if not isinstance(given, list):
        raise ValueError(f"a list of {answer} is needed")
    named = {label_named(label, answer) for label in given}
    return tuple(name for name in ANSWERS[answer] if name in named)


def _labelled(fields: Any, answer: str) -> Labelled:
    if not isinstance(fields, Mapping):
        raise ValueError("not an object")
    text, label = fields.get("text"), fields.get("label", fields.get(answer))
    if not isinstance(text, str) or not normalise(text):  # of a text without words a model answers sentiment alone
        raise ValueError("no text")
    if label is None:
        raise ValueError(f"no label, {'any' if answer in SEVERAL else 'one'} of {', '.join(ANSWERS[answer])}")
    target, created_at, domain = (_told(fields.get(name)) for name in ("target", "created_at", "domain"))
    if answer in SEVERAL:
        return Labelled(text, "", target, labels_named(label, answer), created_at, domain)
    return Labelled(text, label_named(label, answer), target, (), created_at, domain)


def _told(value: object) -> str | None:
    return str(value) if value else None


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, UnicodeDecodeError):
        said = "it is not UTF-8"
    elif isinstance(error, json.JSONDecodeError | RecursionError):
        said = "it is not JSON that can be read"
    else:
        said = str(error)
    return f"needs `text` and `label`: {said}"


# Rows of a file: line, how it begins, and its fields or what makes them


def _fields(path: Path) -> Iterator[tuple[int, str, Any]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadFile(f"{path}: cannot be read ({error.strerror}). Give a file with `text` and `label`.") from error
    data = data.removeprefix(b"\xef\xbb\xbf")
    return _csv_rows(path, data) if path.suffix.lower() == ".csv" else _json_rows(data)


def _json_rows(data: bytes) -> Iterator[tuple[int, str, Any]]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            yield number, line[:_RAW_SHOWN].decode("utf-8", "replace"), lambda line=line: _from_json(line)


def _from_json(line: bytes) -> object:
    if len(line) > _LONGEST_LINE:
        raise ValueError(f"the line is longer than {_LONGEST_LINE:,} bytes")
    return json.loads(line.decode("utf-8"))


def _csv_rows(path: Path, data: bytes) -> Iterator[tuple[int, str, Any]]:
    line = 1
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
        if "text" not in (reader.fieldnames or ()):
            raise BadFile(f"{path}: has no column `text`. The first line names the columns: text, label, target.")
        line = reader.line_num + 1
        for fields in reader:
            yield line, ",".join(str(cell) for cell in fields.values()), fields
            line = reader.line_num + 1
    except (csv.Error, UnicodeDecodeError) as error:
        reason = f"{path}, line {line}: cannot be read as CSV ({error}). Save it as CSV in UTF-8."
        raise BadFile(reason) from error
