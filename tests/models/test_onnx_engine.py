"""The shipped engine: numbers that depend on the text alone, and memory that stays flat."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import models
from models import Sentiment
from models.evaluate import shares
from models.folder import ModelFolder, read
from models.heads import ANSWERS
from models.onnx_engine import _Engine
from models.scoring import Request
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
    return np.array([[number for answer in ANSWERS for number in shares(one, answer)] for one in found])


def requests_of(texts: Sequence[str]) -> list[Request]:
    """Half of them plain, half with a word of theirs as the target."""
    return [(text, text.split()[0] if number % 2 else None) for number, text in enumerate(texts)]


def test_a_text_gets_the_same_numbers_alone_and_in_any_company(held: ModelFolder) -> None:
    engine, requests = _Engine(held, threads=2), requests_of(made_up_texts(120, seed=5))
    together = numbers(engine.answer(requests))
    alone = np.concatenate([numbers(engine.answer([request])) for request in requests])
    among_others = numbers(engine.answer(requests_of(made_up_texts(80, seed=6)) + requests))[80:]
    assert np.abs(together - alone).max() < 1e-3
    assert np.abs(together - among_others).max() < 1e-3


def test_threads_change_no_number(held: ModelFolder) -> None:
    requests = requests_of(made_up_texts(60, seed=8))
    assert _Engine(held, threads=1).answer(requests) == _Engine(held, threads=3).answer(requests)


def test_text_beyond_the_longest_input_is_not_read(held: ModelFolder) -> None:
    engine = _Engine(held, threads=1)
    start = "awful " * held.max_tokens
    assert engine.answer([(start + "love", None)]) == engine.answer([(start + "great great great", None)])
    assert engine.answer([(start + "love", "awful")]) == engine.answer([(start + "great great", "awful")])


def test_a_target_of_any_length_leaves_room_for_the_text(held: ModelFolder) -> None:
    engine, target = _Engine(held, threads=1), "\u00df\U0001f621 " * 5_000
    kind, awful = engine.answer([("the staff was kind, love it", target), ("the staff was awful, hate it", target)])
    assert kind.sentiment.polarity > awful.sentiment.polarity


def test_the_graph_in_int8_agrees_with_itself_in_float32(held: ModelFolder) -> None:
    pytest.importorskip("torch")
    onnx = pytest.importorskip("onnx")
    graph = pytest.importorskip("models.training.graph")
    unpack = pytest.importorskip("models.training.unpack")
    weights = unpack.weights_of(onnx.load(str(BUNDLED / "model.onnx")))
    whole = graph.build(weights, graph.Shape(6, 12, 128, held.heads.outputs), quantised=False).SerializeToString()
    exact = onnxruntime.InferenceSession(whole, providers=["CPUExecutionProvider"])
    rounded = onnxruntime.InferenceSession(str(BUNDLED / "model.onnx"), providers=["CPUExecutionProvider"])
    ids = np.random.default_rng(4).integers(1_000, 20_000, (40, 24))
    ids[:, 0], ids[:, -1] = 101, 102
    inputs = {"input_ids": ids, "token_type_ids": np.repeat([[0] * 20 + [1] * 4], len(ids), axis=0)}
    found, wanted = (session.run(None, inputs)[0] for session in (rounded, exact))
    assert np.mean(found[:, :3].argmax(1) == wanted[:, :3].argmax(1)) >= 0.9
    assert np.abs(found - wanted).mean() < 0.05


def test_a_prediction_of_this_model_answers_all_but_the_touchpoints(held: ModelFolder) -> None:
    for target in (None, "staff"):
        found = _Engine(held, threads=1).answer([("the staff was kind", target)])[0]
        assert isinstance(found.sentiment, Sentiment)
        assert found.emotion is not None
        assert set(found.emotion) == {"anger", "joy", "optimism", "sadness"}
        assert sum(found.emotion.values()) == pytest.approx(1.0)
        for share in (found.complaint, found.irony, found.offensive):
            assert share is not None
            assert 0 < share < 1
        assert found.touchpoints is None
