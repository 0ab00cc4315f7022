"""From trained weights to a folder that ships: int8 graph, tokenizer, fitted temperatures, manifest.

Part of models/training/: needs numpy, onnx and onnxruntime; knows nothing of torch.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from models import folder
from models.evaluate import shares
from models.heads import SEVERAL, Head
from models.registry import load
from models.text import as_name, names, normalise
from models.training.data import LabelledPost
from models.training.graph import Array, Shape, build
from models.values import Scorer


def write_bundle(
    out: Path, name: str, weights: Mapping[str, Array], shape: Shape, tokenizer: Tokenizer, heads: Sequence[Head]
) -> None:
    """Write the folder; the tokenizer is kept without padding, the graph in int8."""
    graph = build(weights, shape, quantised=True).SerializeToString()
    config = {"name": name, "heads": [head.row() for head in heads], "max_tokens": shape.positions}
    folder.write(out, graph=graph, tokenizer=tokenizer.to_str(), config=config)


def amend(out: Path, changes: Mapping[str, Any]) -> None:
    """Change keys of a written folder's config; the rest stays as it is."""
    held = folder.read(out)
    config = json.loads((out / folder.CONFIG).read_text(encoding="utf-8"))
    folder.write(out, graph=held.graph, tokenizer=held.tokenizer, config=config | dict(changes))


def fitted_heads(out: Path, held: Mapping[str, Sequence[LabelledPost]]) -> list[Head]:
    """The folder's heads with the temperatures that make its own answers likeliest on `held` (Guo et al., 2017).

    Fitted on the int8 graph as it is shipped, from the answers that it gives at its present temperatures. `held` has
    posts by answer, and under "target" those whose sentiment is toward one; what it lacks keeps its temperature.
    """
    scorer, fitted = load(str(out)), []
    named = [post for post in held.get("target", ()) if _is_named(post)]
    for head in folder.read(out).heads.all:
        own = held.get(head.name, ())
        toward = _fitted(scorer, head.name, head.toward, named) if head.toward else None
        fitted.append(replace(head, temperature=_fitted(scorer, head.name, head.temperature, own), toward=toward))
    return fitted


def _is_named(post: LabelledPost) -> bool:
    """Whether the text names the target: of others the plain answer is given."""
    return names(normalise(post.text), as_name(post.target) or "")


def _fitted(scorer: Scorer, answer: str, present: float, posts: Sequence[LabelledPost]) -> float:
    if not posts:
        return present
    found = scorer.predict([post.text for post in posts], [post.target for post in posts])
    given = [shares(one, answer) for one in found]
    several = answer in SEVERAL
    logits = [[(_logit(share) if several else math.log(max(share, 1e-12))) * present for share in row] for row in given]

    def loss(temperature: float) -> float:
        judged = zip(logits, posts, strict=True)
        if several:
            return sum(_surprise_each(row, post.labels, temperature) for row, post in judged)
        return sum(_surprise(row, post.label, temperature) for row, post in judged)

    return round(least(loss, 0.25, 4.0), 4)


def _logit(share: float) -> float:
    inside = min(max(share, 1e-9), 1 - 1e-9)
    return math.log(inside / (1 - inside))


def least(function: Callable[[float], float], low: float, high: float, *, steps: int = 40) -> float:
    """Where a function with one valley between two positive bounds is least, by golden sections of its logarithm.

    >>> round(least(lambda t: (t - 1.5) ** 2, 0.25, 4.0), 3)
    1.5
    """
    ratio = (math.sqrt(5) - 1) / 2
    left, right = math.log(low), math.log(high)
    for _ in range(steps):
        inner_left, inner_right = right - ratio * (right - left), left + ratio * (right - left)
        if function(math.exp(inner_left)) < function(math.exp(inner_right)):
            right = inner_right
        else:
            left = inner_left
    return math.exp((left + right) / 2)


def _surprise_each(logits: Sequence[float], true: Sequence[int], temperature: float) -> float:
    """Of labels that do not exclude each other, `true` holding."""
    signs = [value if label in true else -value for label, value in enumerate(logits)]
    return sum(math.log1p(math.exp(-max(-60.0, value / temperature))) for value in signs)


def _surprise(logits: Sequence[float], label: int, temperature: float) -> float:
    scaled = [value / temperature for value in logits]
    top = max(scaled)
    return top + math.log(sum(math.exp(value - top) for value in scaled)) - scaled[label]
