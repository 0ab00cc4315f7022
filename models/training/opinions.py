"""What is asked of other encoders about every row that the student learns from.

Part of models/training/: needs the extra `torch`; knows no labels but those of the touchpoints. The teacher reads the
posts with its own tokenizer, so that it may be of another family than its student.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch.nn.functional import normalize, one_hot
from transformers import AutoModel

from models.training import data, encoder, probe
from models.training.data import LabelledPost
from models.training.graph import Array
from models.training.loop import pad
from models.training.recipe import HEADS, places

_ASKED_AT_ONCE = 64
_SAVED_EVERY = 100  # batches
Question = tuple[str, str | None]  # text, target
Told = Callable[[str], None]
_Row = TypeVar("_Row")


class Asked(Protocol):
    """Whoever says something about posts; `mark` changes whenever it would say something else."""

    mark: str

    def say(self, posts: Sequence[LabelledPost]) -> Array:
        """One row of numbers for each post."""


def about(posts: Sequence[LabelledPost], asked: Asked, kept: Path, told: Told) -> Array:
    """What `asked` says about each post, one row each; equal posts are asked about once.

    The answers are kept in the file `kept` as they come, and taken from it where it belongs to the same posts.
    """
    questions = sorted({(post.text, post.target) for post in posts}, key=lambda one: (len(one[0]), repr(one)))
    answers = _answers(questions, asked, kept, told)
    place = {question: row for row, question in enumerate(questions)}
    found: Array = answers[[place[post.text, post.target] for post in posts]]
    return found


def _answers(questions: Sequence[Question], asked: Asked, kept: Path, told: Told) -> Array:
    belongs_to = hashlib.sha256(repr((questions, asked.mark)).encode()).hexdigest()
    rows = _held(kept, belongs_to)
    done = sum(map(len, rows))
    for number, batch in enumerate(_batches(questions[done:]), 1):
        rows.append(asked.say([LabelledPost(text, 0, target=target) for text, target in batch]))
        done += len(batch)
        if number % _SAVED_EVERY == 0 or done == len(questions):
            told(f"{kept.stem}: asked about {done} of {len(questions)} rows")
            rows = [np.concatenate(rows)]
            _keep(kept, belongs_to, rows[0])
    return np.concatenate(rows)


def _held(kept: Path, belongs_to: str) -> list[Array]:
    if not kept.is_file():
        return []
    with np.load(kept) as saved:
        return [saved["rows"]] if str(saved["belongs_to"]) == belongs_to else []


def _keep(kept: Path, belongs_to: str, rows: Array) -> None:
    part = kept.with_suffix(".part.npz")
    np.savez(part, rows=rows, belongs_to=belongs_to)
    part.replace(kept)


def _digest(folder: Path) -> str:
    with (folder / "model.safetensors").open("rb") as weights:
        return hashlib.file_digest(weights, "sha256").hexdigest()


class Teacher:
    """A trained encoder with heads: its outputs, and touchpoints as a probe reads them out of its layers.

    Where there are no `examples` of touchpoints, it has no opinion of them: NaN.
    """

    def __init__(self, folder: Path, max_tokens: int, examples: Sequence[LabelledPost], told: Told) -> None:
        self._tokenizer = encoder.load_tokenizer(folder, max_tokens)
        self._model: Any = encoder.build(folder).train(mode=False)
        self._probe = self._read_out(examples, told) if examples else None
        self.mark = f"{_digest(folder)}/{[(post.text, post.several) for post in examples]!r}"

    def say(self, posts: Sequence[LabelledPost]) -> Array:
        """The teacher's outputs, (posts, OUTPUTS)."""
        said, inputs = self._read(posts)
        logits = said.logits.float()
        spot = places("touchpoints")
        told = self._probe and self._probe.logits(_mean(said.hidden_states[self._probe.layer], inputs))
        logits[:, spot] = torch.nan if told is None else told
        found: Array = logits.numpy()
        return found

    def _read_out(self, examples: Sequence[LabelledPost], told: Told) -> probe.Probe:
        read = (self._read(batch) for batch in _batches(examples))
        seen = [[_mean(states, inputs) for states in said.hidden_states] for said, inputs in read]
        layers = [torch.cat(parts) for parts in zip(*seen, strict=True)]
        truth = torch.stack([_several(post) for post in examples])
        found, loss = probe.best(layers, truth, [post.domain or "" for post in examples])
        told(f"touchpoints are read out of layer {found.layer}: log loss {loss:.3f} on unseen trades")
        return found

    @torch.no_grad()
    def _read(self, posts: Sequence[LabelledPost]) -> tuple[Any, dict[str, torch.Tensor]]:
        """What the network says, with its hidden states after each layer, and what it was given."""
        inputs = pad(data.encode(self._tokenizer, posts), self._model)
        with torch.autocast("cpu", torch.bfloat16):
            return self._model(**inputs, output_hidden_states=True), inputs


class Meaning:
    """The sentence embedding of the base weights, as they were trained for it: unit length, NaN toward a target."""

    def __init__(self, base: Path, max_tokens: int) -> None:
        self._tokenizer = encoder.load_tokenizer(base, max_tokens)
        self._model: Any = AutoModel.from_pretrained(base, use_safetensors=True).train(mode=False)
        self.mark = f"{_digest(base)}/meaning"

    @torch.no_grad()
    def say(self, posts: Sequence[LabelledPost]) -> Array:
        """(posts, width)."""
        found = np.full((len(posts), self._model.config.hidden_size), np.nan, np.float32)
        plain = [place for place, post in enumerate(posts) if not post.target]
        if plain:
            inputs = pad(data.encode(self._tokenizer, [posts[place] for place in plain]), self._model)
            with torch.autocast("cpu", torch.bfloat16):
                states = self._model(**inputs).last_hidden_state
            found[plain] = normalize(_mean(states, inputs)).numpy()
        return found


def _mean(states: torch.Tensor, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    mask = inputs["attention_mask"].unsqueeze(-1)
    return (states.float() * mask).sum(1) / mask.sum(1)


def _several(post: LabelledPost) -> torch.Tensor:
    return one_hot(torch.tensor(post.labels, dtype=torch.long), len(HEADS["touchpoints"])).sum(0).float()


def _batches(rows: Sequence[_Row]) -> list[Sequence[_Row]]:
    return [rows[start : start + _ASKED_AT_ONCE] for start in range(0, len(rows), _ASKED_AT_ONCE)]
