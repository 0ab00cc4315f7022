"""The fine-tuned encoder as an ONNX graph, built node by node from its weights.

Part of models/training/: knows numpy arrays and ONNX nodes, nothing of torch, posts or files.

Rows of one run have the same length, so the graph needs no mask and no row is padded. Weights of the large
matrices are int8 with a scale per output; activations are quantised with a scale per position (the usual
dynamic quantisation takes one scale for the whole batch: a text's numbers then depend on its neighbours, and on
validation posts it agreed less with float32). Only the first position is read by the head, so the last layer
computes only that; what enters it, averaged over all positions, is the text's embedding.

Between the products, time goes where memory is read again. So positions are rows of one table (a scale per row is
then what QuantizeLinear takes), the largest size of a row is found without a copy, and the sum before a norm is
two plain additions: ONNX Runtime's LayerNormalization is several times faster than its SkipLayerNormalization.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

Array = npt.NDArray[Any]
INPUTS = ("input_ids", "token_type_ids")
EMBEDDING = "embedding"
_MICROSOFT = "com.microsoft"
_BY_TEXT, _BY_POSITION = "by_text", "by_position"  # shapes: (batch, length, width), (positions, width)
WEIGHT_RANGE = 64  # not 127: processors without VNNI add two products in 16 bits, and 2 × 255 × 64 still fits


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the encoder; `positions` is the longest input in word pieces."""

    layers: int
    heads: int
    positions: int
    classes: int
    eps: float = 1e-12


@dataclass(slots=True)
class _Graph:
    """Nodes and constants collected so far."""

    quantised: bool
    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)
    _made: set[str] = field(default_factory=set)

    def constant(self, name: str, value: Array) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], name: str, domain: str = "", **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def matmul(self, source: str, weight: Array, name: str) -> str:
        """source @ weight.T, in int8 or in float32; `source` has two axes, `weight` is (out, in), as torch keeps it."""
        if not self.quantised:
            return self.node("MatMul", [source, self.constant(f"{name}.turned", weight.T)], name)
        whole, scale = quantise_rows(weight, WEIGHT_RANGE)
        row, row_scale = self._rounded(source)
        matrices = [row, self.constant(f"{name}.whole", whole.T)]
        scales = [self.shared("unit", np.array(1, np.float32)), self.constant(f"{name}.scale", scale[:, 0])]
        middle = self.shared("middle", np.array(128, np.uint8))
        product = self.node("MatMulIntegerToFloat", [*matrices, *scales, middle], f"{name}.float", _MICROSOFT)
        return self.node("Mul", [product, row_scale], name)

    def _rounded(self, source: str) -> tuple[str, str]:
        """`source` as uint8 around 128, and one scale per row; made once for all who read it."""
        name = f"{source}.rounded"
        if name not in self._made:
            self._made.add(name)
            top = self.node("ReduceMax", [source], f"{name}.top", axes=[-1], keepdims=0)
            low = self.node("ReduceMin", [source], f"{name}.low", axes=[-1], keepdims=0)
            sizes = [top, self.node("Neg", [low], f"{name}.size"), self.shared("least", np.array(1e-12, np.float32))]
            step = self.shared("step", np.array(1 / 127, np.float32))
            scale = self.node("Mul", [self.node("Max", sizes, f"{name}.most"), step], f"{name}.row")
            middles = self._filled(scale, f"{name}.middles")
            self.node("QuantizeLinear", [source, scale, middles], name, axis=0)
            self.node("Unsqueeze", [scale, self.shared("columns", np.array([1]))], f"{name}.scale")
        return name, f"{name}.scale"

    def _filled(self, like: str, name: str) -> str:
        """128 for every row of `like`."""
        middle = numpy_helper.from_array(np.array([128], np.uint8))
        return self.node("ConstantOfShape", [self.node("Shape", [like], f"{name}.shape")], name, value=middle)

    def shared(self, name: str, value: Array) -> str:
        """A constant that several nodes read; kept once."""
        if name not in self._made:
            self._made.add(name)
            self.constant(name, value)
        return name


def quantise_rows(table: Array, top: int) -> tuple[Array, Array]:
    """Symmetric int8 with one scale a row: (rows, columns) int8 within ±top, and (rows, 1) float32.

    The error of a value is at most half its row's scale.
    """
    largest = np.abs(table).max(axis=1, keepdims=True)
    scale = np.maximum(largest / top, 1e-12).astype(np.float32)
    return np.rint(table / scale).astype(np.int8), scale


def build(weights: Mapping[str, Array], shape: Shape, *, quantised: bool) -> ModelProto:
    """The whole graph: `input_ids` and `token_type_ids` (batch, length) int64 → two outputs in float32.

    `logits` (batch, classes), and `embedding` (batch, width): the mean over all positions of what enters the last
    layer, of length 1. `weights` are named as in transformers' BertForSequenceClassification. Raises KeyError when
    one is missing.
    """
    graph = _Graph(quantised)
    hidden = _embeddings(graph, weights, shape)
    for layer in range(shape.layers - 1):
        hidden = _layer(graph, weights, shape, layer, hidden, hidden)
    texts = _by_text(graph, hidden)
    _embedding(graph, texts)
    _head(graph, weights, _layer(graph, weights, shape, shape.layers - 1, hidden, _first(graph, texts)))
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in INPUTS]
    sizes = {"logits": shape.classes, EMBEDDING: len(weights["bert.embeddings.LayerNorm.bias"])}
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size]) for name, size in sizes.items()]
    body = helper.make_graph(graph.nodes, "encoder", inputs, outputs, graph.constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(_MICROSOFT, 1)]
    model = helper.make_model(body, opset_imports=opsets, ir_version=9)
    checker.check_model(model)
    return model


def _embeddings(graph: _Graph, weights: Mapping[str, Array], shape: Shape) -> str:
    """What enters the first layer: one row a position, (batch × length, width)."""
    root = "bert.embeddings."
    words = _word_rows(graph, weights[root + "word_embeddings.weight"])
    kinds = graph.constant("kinds", weights[root + "token_type_embeddings.weight"])
    places = graph.constant("positions", weights[root + "position_embeddings.weight"][: shape.positions])
    zero, one = graph.shared("zero", np.array([0])), graph.shared("one", np.array([1]))
    size = graph.node("Shape", ["input_ids"], "size")
    length = graph.node("Slice", [size, one, graph.shared("two", np.array([2]))], "length")
    near = graph.node("Slice", [places, zero, length], "near_positions")
    kind = graph.node("Gather", [kinds, "token_type_ids"], "kind_rows")
    placed = graph.node("Add", [graph.node("Add", [words, near], "placed"), kind], "embedded")
    width = len(weights[root + "LayerNorm.bias"])
    graph.node("Concat", [size, graph.constant("width", np.array([width]))], _BY_TEXT, axis=0)
    rows = graph.node("Reshape", [placed, graph.constant(_BY_POSITION, np.array([-1, width]))], "embedded.rows")
    return _norm(graph, rows, weights, root + "LayerNorm", shape.eps)


def _word_rows(graph: _Graph, table: Array) -> str:
    """Rows of the word table: int8 with one scale a row, which keeps a third of the file off the disk."""
    if not graph.quantised:
        return graph.node("Gather", [graph.constant("words", table), "input_ids"], "word_rows")
    whole, scale = quantise_rows(table, 127)
    rows = graph.node("Gather", [graph.constant("words.whole", whole), "input_ids"], "whole_rows")
    scales = graph.node("Gather", [graph.constant("words.scale", scale), "input_ids"], "row_scales")
    cast = graph.node("Cast", [rows], "float_rows", to=TensorProto.FLOAT)
    return graph.node("Mul", [cast, scales], "word_rows")


def _norm(graph: _Graph, source: str, weights: Mapping[str, Array], name: str, eps: float) -> str:
    gamma = graph.constant(f"{name}.gamma", weights[f"{name}.weight"])
    beta = graph.constant(f"{name}.beta", weights[f"{name}.bias"])
    return graph.node("LayerNormalization", [source, gamma, beta], f"{name}.out", axis=-1, epsilon=eps)


def _skip_norm(graph: _Graph, source: str, skip: str, weights: Mapping[str, Array], name: str, eps: float) -> str:
    """LayerNorm(dense(source) + skip), of the `name`d pair of a dense and a norm."""
    dense = graph.matmul(source, weights[f"{name}.dense.weight"], f"{name}.dense")
    bias = graph.constant(f"{name}.LayerNorm.before", weights[f"{name}.dense.bias"])
    added = graph.node("Add", [graph.node("Add", [dense, bias], f"{name}.biased"), skip], f"{name}.added")
    return _norm(graph, added, weights, f"{name}.LayerNorm", eps)


def _layer(graph: _Graph, weights: Mapping[str, Array], shape: Shape, layer: int, hidden: str, read: str) -> str:
    """One layer's answer for the rows `read`, which are all of `hidden` or the first of each text."""
    root = f"bert.encoder.layer.{layer}."
    parts = []
    for part, source in (("query", read), ("key", hidden), ("value", hidden)):
        rows = _linear(graph, source, weights, f"{root}attention.self.{part}")
        parts.append(_by_text(graph, rows, alone=source != hidden))
    mixed = graph.node("MultiHeadAttention", parts, f"{root}mixed", _MICROSOFT, num_heads=shape.heads)
    rows = graph.node("Reshape", [mixed, _BY_POSITION], f"{root}mixed.rows")
    out = _skip_norm(graph, rows, read, weights, f"{root}attention.output", shape.eps)
    wide = graph.matmul(out, weights[f"{root}intermediate.dense.weight"], f"{root}intermediate.dense")
    bias = graph.constant(f"{root}intermediate.bias", weights[f"{root}intermediate.dense.bias"])
    wide = graph.node("BiasGelu", [wide, bias], f"{root}gelu", _MICROSOFT)
    return _skip_norm(graph, wide, out, weights, f"{root}output", shape.eps)


def _by_text(graph: _Graph, rows: str, *, alone: bool = False) -> str:
    """Rows of positions as (batch, length, width); `alone`: one position a text."""
    if alone:
        return graph.node("Unsqueeze", [rows, graph.shared("one", np.array([1]))], f"{rows}.texts")
    return graph.node("Reshape", [rows, _BY_TEXT], f"{rows}.texts")


def _linear(graph: _Graph, source: str, weights: Mapping[str, Array], name: str) -> str:
    product = graph.matmul(source, weights[f"{name}.weight"], name)
    return graph.node("Add", [product, graph.constant(f"{name}.bias", weights[f"{name}.bias"])], f"{name}.out")


def _first(graph: _Graph, texts: str) -> str:
    """The first position of every text: (batch, width)."""
    first = graph.node("Gather", [texts, graph.shared("zero", np.array([0]))], "first.texts", axis=1)
    return graph.node("Reshape", [first, _BY_POSITION], "first")


def _embedding(graph: _Graph, texts: str) -> None:
    mean = graph.node("ReduceMean", [texts], "mean", axes=[1], keepdims=0)
    size = graph.node("ReduceL2", [mean], "mean.size", axes=[1])
    size = graph.node("Max", [size, graph.shared("least", np.array(1e-12, np.float32))], "mean.floor")
    graph.node("Div", [mean, size], EMBEDDING)


def _head(graph: _Graph, weights: Mapping[str, Array], hidden: str) -> None:
    dense = [graph.constant(f"pooler.{part}", weights[f"bert.pooler.dense.{part}"]) for part in ("weight", "bias")]
    pooled = graph.node("Tanh", [graph.node("Gemm", [hidden, *dense], "pooler", transB=1)], "pooled")
    last = [graph.constant(f"head.{part}", weights[f"classifier.{part}"]) for part in ("weight", "bias")]
    graph.node("Gemm", [pooled, *last], "logits", transB=1)
