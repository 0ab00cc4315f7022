"""The shipped engine: numbers that depend on the text alone, and memory that stays flat."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import models
from models import Sentiment
from models.folder import ModelFolder, read
from models.onnx_engine import _Engine
from models.values import Prediction

BUNDLED = Path(str(models.__file__)).parent / "bundled"
TEXT = "my order parcel late great awful love hate the staff was kind rude never again works fine 42 !!! :( 😡 😍"
WORDS = TEXT.split()


def made_up_texts(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(1, 60))) for _ in range(count)]


@pytest.fixture(scope="module")
def held() -> ModelFolder:
    return read(BUNDLED)


def numbers(found: Sequence[Prediction]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return np.array([[one.sentiment.negative, one.sentiment.neutral, one.sentiment.positive] for one in found])


def test_a_text_gets_the_same_numbers_alone_and_in_any_company(held: ModelFolder) -> None:
    engine, texts = _Engine(held, threads=2), made_up_texts(120, seed=5)
    together = numbers(engine.answer([(text, None) for text in texts]))
    alone = np.concatenate([numbers(engine.answer([(text, None)])) for text in texts])
    among_others = numbers(engine.answer([(text, None) for text in made_up_texts(80, seed=6) + texts]))[80:]
    assert np.abs(together - alone).max() < 1e-3
    assert np.abs(together - among_others).max() < 1e-3


def test_threads_change_no_number(held: ModelFolder) -> None:
    requests = [(text, None) for text in made_up_texts(60, seed=8)]
    assert _Engine(held, threads=1).answer(requests) == _Engine(held, threads=3).answer(requests)


def test_text_beyond_the_longest_input_is_not_read(held: ModelFolder) -> None:
    engine = _Engine(held, threads=1)
    start = "awful " * held.max_tokens
    assert engine.answer([(start + "love", None)]) == engine.answer([(start + "great great great", None)])


def test_the_graph_in_int8_agrees_with_itself_in_float32() -> None:
    pytest.importorskip("torch")
    onnx = pytest.importorskip("onnx")
    graph = pytest.importorskip("models.training.graph")
    unpack = pytest.importorskip("models.training.unpack")
    weights = unpack.weights_of(onnx.load(str(BUNDLED / "model.onnx")))
    whole = graph.build(weights, graph.Shape(6, 12, 128, 3), quantised=False).SerializeToString()
    exact = onnxruntime.InferenceSession(whole, providers=["CPUExecutionProvider"])
    rounded = onnxruntime.InferenceSession(str(BUNDLED / "model.onnx"), providers=["CPUExecutionProvider"])
    ids = np.random.default_rng(4).integers(1_000, 20_000, (40, 24))
    ids[:, 0], ids[:, -1] = 101, 102
    found, wanted = (session.run(None, {"input_ids": ids})[0] for session in (rounded, exact))
    assert np.mean(found.argmax(1) == wanted.argmax(1)) >= 0.9
    assert np.abs(found - wanted).mean() < 0.05


def test_a_prediction_of_this_model_answers_sentiment_and_nothing_else(held: ModelFolder) -> None:
    found = _Engine(held, threads=1).answer([("the staff was kind", None)])[0]
    assert isinstance(found.sentiment, Sentiment)
    others = (found.complaint, found.emotion, found.irony, found.offensive, found.touchpoints)
    assert others == (None,) * 5
