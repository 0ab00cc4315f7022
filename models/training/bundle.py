"""From trained weights to a folder that ships: int8 graph, tokenizer, fitted temperature, manifest.

Part of models/training/: needs numpy, onnx and onnxruntime; knows nothing of torch.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tokenizers import Tokenizer

from models import folder
from models.registry import load
from models.training.data import LabelledPost
from models.training.graph import Array, Shape, build
from models.training.recipe import LABELS
from models.values import Sentiment


def write_bundle(
    out: Path, name: str, weights: Mapping[str, Array], shape: Shape, tokenizer: Tokenizer, *, temperature: float
) -> None:
    """Write the folder; the tokenizer is kept without padding, the graph in int8."""
    graph = build(weights, shape, quantised=True).SerializeToString()
    config = {"name": name, "labels": LABELS, "max_tokens": shape.positions, "temperature": round(temperature, 4)}
    folder.write(out, graph=graph, tokenizer=tokenizer.to_str(), config=config)


def fitted_temperature(out: Path, posts: Sequence[LabelledPost]) -> float:
    """The temperature that makes the folder's own answers likeliest on `posts` (Guo et al., 2017).

    Fitted on the int8 graph as it is shipped, from the answers that it gives at its present temperature.
    """
    present = folder.read(out).temperature
    answers = load(str(out)).predict([post.text for post in posts])
    logits = [_logits(answer.sentiment, present) for answer in answers]

    def loss(temperature: float) -> float:
        return sum(_surprise(row, post.label, temperature) for row, post in zip(logits, posts, strict=True))

    return least(loss, 0.25, 4.0)


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


def _logits(sentiment: Sentiment, temperature: float) -> list[float]:
    sizes = (sentiment.negative, sentiment.neutral, sentiment.positive)
    return [math.log(max(size, 1e-12)) * temperature for size in sizes]


def _surprise(logits: Sequence[float], label: int, temperature: float) -> float:
    scaled = [value / temperature for value in logits]
    top = max(scaled)
    return top + math.log(sum(math.exp(value - top) for value in scaled)) - scaled[label]
