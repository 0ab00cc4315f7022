"""Sentence embeddings: one direction per text, for near duplicates, terms and topics. Needs numpy.

Part of models/: knows no engine and no file. Not imported by `import models`, which loads no numpy.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.scoring import Answer, CachingScorer
from models.text import normalise

Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """What a scorer can do beside its answers, when its model has sentence embeddings."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text, in order: (texts, width) float32, of length 1, so that a product of two is their cosine.

        A text without words is a row of zeros: like nothing, not even like another such. Texts are normalised as
        for `predict`. Raises ModelUnusable where the model has no embedding.
        """


class EmbeddingScorer(CachingScorer):
    """A CachingScorer whose engine also gives `vectors`: a row of length 1 for each distinct, non-empty text."""

    def __init__(
        self,
        name: str,
        answer: Answer,
        vectors: Callable[[Sequence[str]], Vectors],
        *,
        engine: str,
        reads_targets: bool = False,
    ) -> None:
        super().__init__(name, answer, engine=engine, reads_targets=reads_targets)
        self._vectors = vectors

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See Embedder."""
        wanted = [normalise(text) for text in texts]
        distinct = [text for text in dict.fromkeys(wanted) if text]
        found = self._vectors(distinct)
        held: Vectors = np.vstack([found, np.zeros((1, found.shape[1]), np.float32)])
        place = {text: number for number, text in enumerate(distinct)}
        return held[[place.get(text, -1) for text in wanted]]
