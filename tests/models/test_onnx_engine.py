"""The shipped engine: numbers that depend on the text alone, and memory that stays flat."""

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import models
from models.embedding import Vectors
from models.folder import ModelFolder, read
from models.heads import ANSWERS
from models.onnx_engine import _TEXTS_AT_ONCE, _WORDS_AT_ONCE, _batches_of_equal_length, _Engine, _Row
from models.scoring import Request

BUNDLED = Path(str(models.__file__)).parent / "bundled"
TEXT = "my order parcel late great awful love hate the staff was kind rude never again works fine 42 !!! :( 😡 😍"
WORDS = TEXT.split()


def made_up_requests(count: int, seed: int) -> list[Request]:
    """Half of them plain, half with a word of theirs as the target."""
    chance = random.Random(seed)
    texts = [" ".join(chance.choices(WORDS, k=chance.randint(1, 60))) for _ in range(count)]
    return [(text, text.split()[0] if number % 2 else None) for number, text in enumerate(texts)]


@pytest.fixture(scope="module")
def held() -> ModelFolder:
    return read(BUNDLED)


def test_threads_change_no_number(held: ModelFolder) -> None:
    requests = made_up_requests(60, seed=8)
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
    found, wanted = (session.run(["logits"], inputs)[0] for session in (rounded, exact))
    assert np.mean(found[:, :3].argmax(1) == wanted[:, :3].argmax(1)) >= 0.9
    assert np.abs(found - wanted).mean() < 0.05


def test_a_prediction_answers_what_the_config_lists_and_nothing_else(held: ModelFolder) -> None:
    listed = {head.name for head in held.heads.all}
    found = _Engine(held, threads=1).answer([("the staff was kind", None), ("the staff was kind", "staff")])
    for one in found:
        assert {answer for answer in ANSWERS if getattr(one, answer) is not None} == listed


def test_a_call_of_more_texts_than_are_tokenised_at_once_keeps_its_order(held: ModelFolder) -> None:
    engine = _Engine(held, threads=2)
    requests = [(f"late {'again ' * (number % 3)}{number}", None) for number in range(_TEXTS_AT_ONCE + 60)]
    found = engine.answer(requests)
    assert len(found) == len(requests)
    some = [0, 7, _TEXTS_AT_ONCE - 1, _TEXTS_AT_ONCE, len(requests) - 1]
    for place in some:
        alone = engine.answer([requests[place]])[0]
        assert found[place].sentiment.polarity == pytest.approx(alone.sentiment.polarity, abs=1e-3)


def test_texts_are_read_little_more_than_they_are_scored(
    make_shipped_folder: Callable[[], Path],
) -> None:
    engine = _Engine(read(make_shipped_folder()), threads=2)
    taken = done = most = 0

    def requests() -> Iterator[Request]:
        nonlocal taken, most
        for number in range(12 * _TEXTS_AT_ONCE):
            taken += 1
            most = max(most, taken - done)
            yield ("late " * (1 + number % 5), None)

    for batch, _ in engine._outputs("logits", requests()):
        done += len(batch)
    assert done == taken == 12 * _TEXTS_AT_ONCE
    assert most <= 5 * _TEXTS_AT_ONCE


def test_the_next_texts_are_read_while_the_last_are_scored(
    make_shipped_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, reached = _Engine(read(make_shipped_folder()), threads=2), threading.Event()
    run, waited = engine._run, []

    def requests() -> Iterator[Request]:
        for number in range(2 * _TEXTS_AT_ONCE):
            if number >= _TEXTS_AT_ONCE:
                reached.set()
            yield (f"late {'again ' * (number % 2)}", None)

    def patient(name: str, batch: Sequence[_Row]) -> Vectors:
        waited.append(reached.wait(timeout=20))
        return run(name, batch)

    monkeypatch.setattr(engine, "_run", patient)
    assert len(engine.answer(requests())) == 2 * _TEXTS_AT_ONCE
    assert all(waited)


def rows(lengths: Iterable[int]) -> list[_Row]:
    return [_Row(place, False, [7] * length, [0] * length) for place, length in enumerate(lengths)]


def test_a_batch_has_rows_of_one_length_and_is_run_as_soon_as_it_is_full() -> None:
    chance = random.Random(4)
    given = rows(chance.choices([3, 4, 20, 21, 100, 128], k=400))
    batches = list(_batches_of_equal_length(given))
    assert sorted(row.place for batch in batches for row in batch) == list(range(400))
    assert all(len({len(row.pieces) for row in batch}) == 1 for batch in batches)
    assert all(len(batch) * len(batch[0].pieces) <= _WORDS_AT_ONCE for batch in batches)
    first = next(_batches_of_equal_length(chain(rows([100] * 5), never())))
    assert len(first) == 5


def never() -> Iterator[_Row]:
    raise AssertionError("a full batch waits for more")
    yield _Row(0, False, [], [])
