"""The graph that is built from weights: the same numbers as the network, and the same weights back."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from models import ModelUnusable, folder

onnx = pytest.importorskip("onnx")
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
graph: Any = pytest.importorskip("models.training.graph")
unpack: Any = pytest.importorskip("models.training.unpack")


@pytest.fixture(scope="module")
def held(make_shipped_folder: Any) -> folder.ModelFolder:
    return folder.read(make_shipped_folder())


def run(model: Any, ids: Any, kinds: Any) -> list[Any]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: list[Any] = session.run(["logits", "embedding"], {"input_ids": ids, "token_type_ids": kinds})
    return found


def built(held: folder.ModelFolder, *, quantised: bool) -> Any:
    weights = unpack.weights_of(onnx.load_from_string(held.graph))
    return graph.build(weights, graph.Shape(2, 2, held.max_tokens, held.heads.outputs), quantised=quantised)


@pytest.fixture
def inputs() -> tuple[Any, Any]:
    ids = np.random.default_rng(4).integers(4, 38, (30, 9))
    ids[:, 0], ids[:, -1] = 2, 3
    return ids, np.repeat([[0] * 6 + [1] * 3], len(ids), axis=0)


def test_in_float32_it_is_the_network_itself(held: folder.ModelFolder, inputs: tuple[Any, Any]) -> None:
    network = unpack.network(held).eval()
    ids, kinds = (torch.tensor(each) for each in inputs)
    with torch.inference_mode():
        said = network(input_ids=ids, token_type_ids=kinds, output_hidden_states=True)
    means = said.hidden_states[-2].mean(1)
    logits, embedding = run(built(held, quantised=False), *inputs)
    assert np.abs(logits - said.logits.numpy()).max() < 1e-4
    assert np.abs(embedding - (means / means.norm(dim=1, keepdim=True)).numpy()).max() < 1e-5


def test_in_int8_it_is_near(held: folder.ModelFolder, inputs: tuple[Any, Any]) -> None:
    exact, rounded = (run(built(held, quantised=quantised), *inputs) for quantised in (False, True))
    assert np.abs(exact[0] - rounded[0]).mean() < 0.1 * np.abs(exact[0]).mean()
    assert (exact[1] * rounded[1]).sum(1).min() > 0.99


@pytest.mark.parametrize("quantised", [False, True])
def test_weights_come_back_as_they_went_in(held: folder.ModelFolder, quantised: bool) -> None:
    first = unpack.weights_of(onnx.load_from_string(held.graph))
    again = unpack.weights_of(built(held, quantised=quantised))
    assert set(again) == set(first)
    assert max(np.abs(again[name] - first[name]).max() for name in first) < 1e-6


def test_a_graph_that_was_not_built_here_is_refused_in_one_sentence(
    held: folder.ModelFolder, make_shipped_folder: Any
) -> None:
    path: Path = make_shipped_folder()
    strange = onnx.load_from_string(held.graph)
    del strange.graph.initializer[:]
    folder.write(path, graph=strange.SerializeToString(), tokenizer=held.tokenizer, config={
        "name": "strange-1", "max_tokens": 64, "heads": [head.row() for head in held.heads.all],
    })  # fmt: skip
    with pytest.raises(ModelUnusable, match=r"strange-1@.*: its graph is not one that can be read back into torch"):
        unpack.network(folder.read(path))
