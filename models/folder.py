"""A model folder in the shipped format: graph, tokenizer, config and a manifest of SHA-256 sums.

Part of models/: reads and checks files, writes the manifest; knows no engine. Standard library only.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import ModelMissing, ModelUnusable
from models.heads import ANSWERS, Head, Heads

GRAPH, TOKENIZER, CONFIG, MANIFEST = "model.onnx", "tokenizer.json", "config.json", "manifest.json"
LANGUAGES = "languages"  # the config's key: ISO 639-1 codes of the languages that the model was measured on
MEASURED = "measured"  # the config's key: labelled sets, each with its answer and its confusion
LICENCE = "licence"  # the config's key: under which terms the weights may be used
_BEFORE = ("en",)  # of a model of ours whose config does not say: there were no others
_FORMAT = 2
_SENTIMENT_ONLY = 1  # the format before, which knew one answer
_REMEDY = "Install the program again, or train the model with python -m models.training."


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How often a model was wrong on a labelled set: `confusion[true][said]` counts its texts, labels as in ANSWERS."""

    set: str
    answer: str
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """The checked contents of a model folder.

    `heads` say what the graph's outputs mean, in order; `max_tokens` is the longest input in word pieces, special
    ones included; `languages` (ISO 639-1) are those that the model was measured on; `measured` is how it did there.
    """

    name: str
    heads: Heads
    max_tokens: int
    languages: tuple[str, ...]
    measured: tuple[Measured, ...]
    graph: bytes
    tokenizer: str


def is_ours(path: Path) -> bool:
    """Whether `path` is a folder in the shipped format."""
    return (path / MANIFEST).is_file()


def read(path: Path) -> ModelFolder:
    """Read a folder and check every file's sum. Raises ModelMissing (absent, changed) or ModelUnusable (odd)."""
    sums = _json(path / MANIFEST)
    held = {name: _checked(path / name, sums.get(name)) for name in (GRAPH, TOKENIZER, CONFIG)}
    try:
        config = json.loads(held[CONFIG])
        if config["format"] not in (_SENTIMENT_ONLY, _FORMAT):
            raise ModelUnusable(f"{path / CONFIG}: format {config['format']} is not {_FORMAT}. Update the program.")
        return ModelFolder(
            name=f"{config['name']}@{_digest(sums)}",
            heads=Heads(str(path), _heads(config)),
            max_tokens=int(config["max_tokens"]),
            languages=_codes(config.get(LANGUAGES, _BEFORE)),
            measured=_measured(config),
            graph=held[GRAPH],
            tokenizer=held[TOKENIZER].decode(),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelUnusable(f"{path / CONFIG}: not a model config ({error!r}). {_REMEDY}") from error


def _heads(config: dict[str, Any]) -> list[Head]:
    """The listed heads; a model for sentiment alone may have its labels and temperature beside its name instead."""
    return [Head.read(row) for row in config.get("heads", [config | {"name": "sentiment"}])]


def languages(path: Path) -> tuple[str, ...] | None:
    """The languages that the model in a folder was measured on, without reading its weights.

    None where nobody says: a folder in another format may have the same key in its config, and most have not.
    What cannot be read says nothing here; loading the model tells what is wrong with it.
    """
    try:
        told = json.loads((path / CONFIG).read_bytes()).get(LANGUAGES, _BEFORE if is_ours(path) else None)
        return None if told is None else _codes(told)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def _codes(told: Any) -> tuple[str, ...]:
    """Raises ValueError on anything but a list of language codes."""
    if isinstance(told, str) or not told or not all(isinstance(each, str) and each.isalpha() for each in told):
        raise ValueError(f"{LANGUAGES} is not a list of codes such as en")
    return tuple(told)


def measured(path: Path) -> tuple[Measured, ...]:
    """How the model in a folder did on labelled sets, without reading its weights; empty where nobody says."""
    try:
        return _measured(json.loads((path / CONFIG).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()


def _measured(config: Mapping[str, Any]) -> tuple[Measured, ...]:
    """Raises KeyError, TypeError or ValueError on anything but sets with a confusion of their answer's labels."""
    rows = config.get(MEASURED, ())
    return tuple(
        Measured(set=str(row["set"]), answer=str(row["answer"]), confusion=_square(row["answer"], row["confusion"]))
        for row in rows
    )


def _square(answer: str, confusion: Any) -> tuple[tuple[int, ...], ...]:
    size = len(ANSWERS[answer])
    rows = tuple(tuple(row) for row in confusion)
    whole = all(type(count) is int and count >= 0 for row in rows for count in row)
    if {len(rows), *map(len, rows)} != {size} or not whole or not any(map(any, rows)):
        raise ValueError(f"{MEASURED}: {answer} has {size} labels, and a confusion counts texts")
    return rows


def write(path: Path, *, graph: bytes, tokenizer: str, config: dict[str, Any]) -> None:
    """Write a folder that `read` accepts; the manifest comes last, so a half-written folder is not taken."""
    path.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"format": _FORMAT, **config}, indent=2) + "\n"
    files = {GRAPH: graph, TOKENIZER: tokenizer.encode(), CONFIG: text.encode()}
    (path / MANIFEST).unlink(missing_ok=True)
    for name, data in files.items():
        (path / name).write_bytes(data)
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    (path / MANIFEST).write_text(json.dumps(sums, indent=2) + "\n", encoding="utf-8")


def _digest(sums: Mapping[str, str]) -> str:
    """Eight hexadecimal digits that change whenever any file of the folder does."""
    return hashlib.sha256("".join(sums[name] for name in sorted(sums)).encode()).hexdigest()[:8]


def _checked(path: Path, expected: object) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelMissing(f"{path}: cannot be read ({error.strerror}). {_REMEDY}") from error
    if hashlib.sha256(data).hexdigest() != expected:
        raise ModelMissing(f"{path}: is not the file that was shipped (its SHA-256 differs). {_REMEDY}")
    return data


def _json(path: Path) -> dict[str, str]:
    try:
        sums = json.loads(path.read_bytes())
    except OSError as error:
        raise ModelMissing(f"{path}: cannot be read ({error.strerror}). {_REMEDY}") from error
    except (ValueError, RecursionError) as error:
        raise ModelMissing(f"{path}: is damaged ({error}). {_REMEDY}") from error
    if not isinstance(sums, dict):
        raise ModelMissing(f"{path}: is damaged (not a table of sums). {_REMEDY}")
    return sums
