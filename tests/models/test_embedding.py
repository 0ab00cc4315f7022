"""Sentence embeddings: one direction per text, the same on both engines."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import models
from models import ModelUnusable, Prediction, folder
from models.embedding import EmbeddingScorer, Vectors

MakeFolder = Callable[..., Path]
TEXTS = ["my parcel was late", "great staff", "the app works fine today again thanks", "late", "the shop opens at nine"]


class SpyVectors:
    """Gives each text a direction of its own, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def vectors(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(list(texts))
        return np.eye(8, dtype=np.float32)[[len(text) % 8 for text in texts]].reshape(-1, 8)

    def scorer(self) -> EmbeddingScorer:
        def none(_: object) -> Sequence[Prediction]:
            return []

        return EmbeddingScorer("spy", none, self.vectors, engine="a test")


def test_each_text_has_its_row_and_duplicates_are_computed_once() -> None:
    engine = SpyVectors()
    found = engine.scorer().embed(["@ann late", "fine", "@bob  late", "fine"])
    assert engine.asked == [["@user late", "fine"]]
    assert found.shape == (4, 8)
    assert (found[0] == found[2]).all()
    assert (found[1] == found[3]).all()
    assert found[0] @ found[1] == 0


def test_a_text_without_words_is_like_nothing_and_costs_nothing() -> None:
    engine = SpyVectors()
    found = engine.scorer().embed(["", " \u200b", "fine"])
    assert engine.asked == [["fine"]]
    assert (found[:2] == 0).all()
    assert found[2] @ found[2] == 1
    assert engine.scorer().embed([]).shape == (0, 8)
    assert engine.scorer().embed([""]).shape == (1, 8)


def lengths(vectors: Vectors) -> list[float]:
    return [float(size) for size in np.linalg.norm(vectors, axis=1)]


def test_the_shipped_engine_gives_directions_of_length_one(make_shipped_folder: MakeFolder) -> None:
    scorer = models.load(str(make_shipped_folder()))
    found = embedded(scorer, TEXTS)
    assert found.shape == (len(TEXTS), 32)
    assert lengths(found) == pytest.approx([1.0] * len(TEXTS), abs=1e-5)
    assert len({tuple(row) for row in found.round(3).tolist()}) == len(TEXTS)


def embedded(scorer: models.Scorer, texts: Sequence[str]) -> Vectors:
    assert isinstance(scorer, EmbeddingScorer)
    return scorer.embed(texts)


def test_a_texts_direction_does_not_depend_on_its_company(make_shipped_folder: MakeFolder) -> None:
    scorer = models.load(str(make_shipped_folder()))
    together = embedded(scorer, [*TEXTS, "late " * 50, *("great " * count for count in range(1, 40))])[: len(TEXTS)]
    alone = np.concatenate([embedded(scorer, [text]) for text in TEXTS])
    assert np.abs(together - alone).max() < 1e-3


def test_both_engines_give_the_same_directions(make_shipped_folder: MakeFolder) -> None:
    pytest.importorskip("torch")
    path = str(make_shipped_folder())
    hub: Any = pytest.importorskip("models.hub_engine")
    exact = embedded(hub.open_model(path, threads=1, device="cpu"), TEXTS)
    rounded = embedded(models.load(path), TEXTS)
    assert (exact * rounded).sum(axis=1).min() > 0.99
    assert lengths(exact) == pytest.approx([1.0] * len(TEXTS), abs=1e-5)
    assert (exact @ exact.T)[~np.eye(len(TEXTS), dtype=bool)].max() < 0.99


def test_of_any_other_model_it_is_the_mean_of_what_leaves_the_last_layer(make_hub_folder: MakeFolder) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    path = str(make_hub_folder({0: "negative", 1: "positive"}))
    found = embedded(models.load(path), TEXTS)
    tokenizer, model = transformers.AutoTokenizer.from_pretrained(path), transformers.AutoModel.from_pretrained(path)
    with torch.inference_mode():
        means = [model(**tokenizer(text, return_tensors="pt")).last_hidden_state.mean(1)[0] for text in TEXTS]
    wanted = np.stack([(mean / mean.norm()).numpy() for mean in means])
    assert np.abs(found - wanted).max() < 1e-5


def test_a_model_without_an_embedding_says_so_in_one_sentence(without_embedding: Path) -> None:
    scorer = models.load(str(without_embedding))
    with pytest.raises(ModelUnusable, match=r'"tiny-1@.*" has no sentence embedding.* Train it again'):
        embedded(scorer, TEXTS)
    assert len(scorer.predict(TEXTS)) == len(TEXTS)


@pytest.fixture
def without_embedding(make_shipped_folder: MakeFolder) -> Path:
    onnx = pytest.importorskip("onnx")
    path = make_shipped_folder()
    held, config = folder.read(path), json.loads((path / folder.CONFIG).read_text())
    graph = onnx.load_from_string(held.graph)
    del graph.graph.output[1]
    folder.write(path, graph=graph.SerializeToString(), tokenizer=held.tokenizer, config=config)
    return path
