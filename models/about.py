"""What is known of a model without loading it: engine, size, answers, languages, licence, measured figures, card.

Part of models/: reads folders and, for models of the hub, what its cache on this machine holds. Standard library only.
"""

import importlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from models import folder
from models.errors import ModelMissing, ModelUnusable
from models.heads import Head, Heads
from models.label_maps import LabelMap
from models.registry import available, languages_of

_CARDS = Path(__file__).parent / "cards"
_FRONT = re.compile(r"\A---\n(.*?)\n---", re.DOTALL)  # of a README on the hub
_BY_LABELS = ("negative", "neutral", "positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredOn:
    """Figures of one labelled set, from its confusion."""

    set: str
    answer: str
    texts: int
    accuracy: float
    macro_recall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A model as people ask about it; None, or nothing, where nobody says.

    `size` is in bytes, of all that its engine reads; `answers` maps each answer to its labels; `languages` are
    ISO 639-1 codes; `card` is the file with all figures, inputs and known failures.
    """

    name: str
    engine: str
    where: str
    size: int
    answers: Mapping[str, tuple[str, ...]]
    languages: tuple[str, ...] | None = None
    licence: str | None = None
    measured: tuple[MeasuredOn, ...] = field(default=())
    card: str | None = None


def describe(name: str) -> About:
    """A shipped model, a folder, or a model of the hub that is on this machine.

    Raises ModelMissing or ModelUnusable.
    """
    shipped = {info.name: Path(info.where) for info in available()[:-1]}
    path = shipped.get(name, Path(name))
    if name in shipped or folder.is_ours(path):
        return _ours(path)
    found = path if path.is_dir() else _cached(name)
    return _other(name, found)


def _ours(path: Path) -> About:
    held = folder.read(path)
    config = _config(path)
    beside, shipped = path / "README.md", _CARDS / f"{path.name}.md"
    card = next((each for each in (shipped, beside) if each.is_file() and (each == beside or _shipped(path))), None)
    files = (folder.GRAPH, folder.TOKENIZER, folder.CONFIG, folder.MANIFEST)
    return About(
        name=held.name,
        engine="onnxruntime",
        where=str(path),
        size=sum((path / each).stat().st_size for each in files),
        answers={head.name: head.labels for head in held.heads.all},
        languages=held.languages,
        licence=_text(config.get(folder.LICENCE)),
        measured=tuple(map(_figures, held.measured)),
        card=None if card is None else str(card),
    )


def _shipped(path: Path) -> bool:
    return path.resolve().parent == _CARDS.parent.resolve()


def _figures(measured: folder.Measured) -> MeasuredOn:
    rows = [row for row in measured.confusion if any(row)]
    texts = sum(map(sum, measured.confusion))
    hits = sum(row[at] for at, row in enumerate(measured.confusion))
    recalls = [row[at] / sum(row) for at, row in enumerate(measured.confusion) if any(row)]
    return MeasuredOn(
        set=measured.set,
        answer=measured.answer,
        texts=texts,
        accuracy=hits / texts,
        macro_recall=sum(recalls) / len(rows),
    )


def _cached(name: str) -> Path:
    """Where the hub's cache on this machine has a model."""
    if find_spec("huggingface_hub") is not None and re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
        hub: Any = importlib.import_module("huggingface_hub")
        try:
            found = hub.try_to_load_from_cache(name, "config.json")
        except ValueError:  # not an id
            found = None
        if isinstance(found, str):
            return Path(found).parent
    raise ModelMissing(
        f'Model "{name}" is not on this machine. `model list` shows which are; `model fetch` downloads one of the hub.'
    )


def _other(name: str, path: Path) -> About:
    config = _config(path)
    front = _front(path / "README.md")
    files = [each for each in path.iterdir() if each.suffix in (".safetensors", ".json", ".txt", ".model")]
    return About(
        name=name,
        engine="transformers",
        where=str(path),
        size=sum(each.stat().st_size for each in files),
        answers=_answers(name, config),
        languages=tuple(sorted(found)) if (found := languages_of(str(path))) else None,
        licence=_text(config.get(folder.LICENCE)) or _line(front, "license"),
        card=str(path / "README.md") if front else None,
    )


def _answers(name: str, config: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    """Our own answers where the config lists them, or sentiment where its labels are that."""
    try:
        if config.get("answers"):
            return {head.name: head.labels for head in Heads(name, [Head.read(row) for row in config["answers"]]).all}
        labels = {int(number): str(label) for number, label in dict(config.get("id2label") or {}).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnusable(f'Model "{name}": its config lists answers that cannot be read ({error!r}).') from error
    sides = LabelMap.of(name, labels).sides
    return {"sentiment": tuple(label for side, label in enumerate(_BY_LABELS) if side in sides)}


def _config(path: Path) -> Mapping[str, Any]:
    file = path / folder.CONFIG
    try:
        config = json.loads(file.read_bytes())
    except OSError as error:
        raise ModelMissing(f"{file}: cannot be read ({error.strerror}). Give the folder of a whole model.") from error
    except (ValueError, RecursionError) as error:
        raise ModelUnusable(f"{file}: is not JSON ({error}).") from error
    if not isinstance(config, dict):
        raise ModelUnusable(f"{file}: is not a model's config.")
    return config


def _front(file: Path) -> str:
    try:
        found = _FRONT.match(file.read_text("utf-8", "replace")[:20_000])
    except OSError:
        return ""
    return found[1] if found else ""


def _line(front: str, key: str) -> str | None:
    found = re.search(rf"^{key}:[ \t]*(\S.*)$", front, re.MULTILINE)
    return found[1].strip()[:100] if found else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
