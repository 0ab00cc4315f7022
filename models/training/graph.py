"""The fine-tuned encoder as an ONNX graph, built node by node from its weights.

Part of models/training/: knows numpy arrays and ONNX nodes, nothing of torch, posts or files.

Rows of one run have the same length, so the graph needs no mask and no row is padded. Weights of the large
matrices are int8 with a scale per output; activations are quantised with a scale per position (the usual
dynamic quantisation takes one scale for the whole batch: a text's numbers then depend on its neighbours, and on
validation posts it agreed less with float32). Only the first position is read by the head, so the last layer
computes only that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

Array = npt.NDArray[Any]
INPUTS = ("input_ids", "token_type_ids")
_MICROSOFT = "com.microsoft"
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
        """source @ weight.T, in int8 or in float32; `weight` is (out, in), as torch keeps it."""
        if not self.quantised:
            return self.node("MatMul", [source, self.constant(f"{name}.weight", weight.T)], name)
        whole, scale = quantise_rows(weight, WEIGHT_RANGE)
        row, row_scale = self._rounded(source)
        inputs = [row, self.constant(f"{name}.whole", whole.T), self._shared("middle", np.array(128, np.uint8))]
        product = self.node("Cast", [self.node("MatMulInteger", inputs, f"{name}.sum")], f"{name}.float", to=1)
        scaled = self.node("Mul", [product, row_scale], f"{name}.rows")
        return self.node("Mul", [scaled, self.constant(f"{name}.scale", scale[:, 0])], name)

    def _rounded(self, source: str) -> tuple[str, str]:
        """`source` as uint8 around 128, and one scale per position; made once for all who read it."""
        name = f"{source}.rounded"
        if name not in self._made:
            self._made.add(name)
            top = self.node("ReduceMax", [self.node("Abs", [source], f"{name}.size")], f"{name}.top", axes=[-1])
            floor = self.node("Max", [top, self._shared("least", np.array(1e-12, np.float32))], f"{name}.floor")
            self.node("Mul", [floor, self._shared("step", np.array(1 / 127, np.float32))], f"{name}.scale")
            near = self.node("Div", [source, f"{name}.scale"], f"{name}.near")
            unit = self._shared("unit", np.array(1, np.float32))
            self.node("QuantizeLinear", [near, unit, self._shared("middle", np.array(128, np.uint8))], name)
        return name, f"{name}.scale"

    def _shared(self, name: str, value: Array) -> str:
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
    """The whole graph: `input_ids` and `token_type_ids` (batch, length) int64 → `logits` (batch, classes) float32.

    `weights` are named as in transformers' BertForSequenceClassification. Raises KeyError when one is missing.
    """
    graph = _Graph(quantised)
    hidden = _embeddings(graph, weights, shape)
    for layer in range(shape.layers):
        hidden = _layer(graph, weights, shape, layer, hidden)
    _head(graph, weights, hidden)
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in INPUTS]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", shape.classes])
    body = helper.make_graph(graph.nodes, "encoder", inputs, [logits], graph.constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(_MICROSOFT, 1)]
    model = helper.make_model(body, opset_imports=opsets, ir_version=9)
    checker.check_model(model)
    return model


def _embeddings(graph: _Graph, weights: Mapping[str, Array], shape: Shape) -> str:
    root = "bert.embeddings."
    words = _word_rows(graph, weights[root + "word_embeddings.weight"])
    kinds = graph.constant("kinds", weights[root + "token_type_embeddings.weight"])
    places = graph.constant("positions", weights[root + "position_embeddings.weight"][: shape.positions])
    zero, one = graph.constant("zero", np.array([0])), graph.constant("one", np.array([1]))
    length = graph.node(
        "Slice", [graph.node("Shape", ["input_ids"], "shape"), one, graph.constant("two", np.array([2]))], "length"
    )
    near = graph.node("Slice", [places, zero, length], "near_positions")
    kind = graph.node("Gather", [kinds, "token_type_ids"], "kind_rows")
    placed = graph.node("Add", [graph.node("Add", [words, near], "placed"), kind], "embedded")
    return _norm(graph, placed, weights, root + "LayerNorm", shape)


def _word_rows(graph: _Graph, table: Array) -> str:
    """Rows of the word table: int8 with one scale a row, which keeps a third of the file off the disk."""
    if not graph.quantised:
        return graph.node("Gather", [graph.constant("words", table), "input_ids"], "word_rows")
    whole, scale = quantise_rows(table, 127)
    rows = graph.node("Gather", [graph.constant("words.whole", whole), "input_ids"], "whole_rows")
    scales = graph.node("Gather", [graph.constant("words.scale", scale), "input_ids"], "row_scales")
    cast = graph.node("Cast", [rows], "float_rows", to=TensorProto.FLOAT)
    return graph.node("Mul", [cast, scales], "word_rows")


def _norm(graph: _Graph, source: str, weights: Mapping[str, Array], name: str, shape: Shape) -> str:
    gamma = graph.constant(f"{name}.gamma", weights[f"{name}.weight"])
    beta = graph.constant(f"{name}.beta", weights[f"{name}.bias"])
    return graph.node("LayerNormalization", [source, gamma, beta], f"{name}.out", axis=-1, epsilon=shape.eps)


def _skip_norm(
    graph: _Graph, source: str, skip: str, bias: Array, weights: Mapping[str, Array], name: str, eps: float
) -> str:
    """LayerNorm(source + bias + skip) in one node."""
    gamma = graph.constant(f"{name}.gamma", weights[f"{name}.weight"])
    beta = graph.constant(f"{name}.beta", weights[f"{name}.bias"])
    inputs = [source, skip, gamma, beta, graph.constant(f"{name}.before", bias)]
    return graph.node("SkipLayerNormalization", inputs, f"{name}.out", _MICROSOFT, epsilon=eps)


def _layer(graph: _Graph, weights: Mapping[str, Array], shape: Shape, layer: int, hidden: str) -> str:
    root = f"bert.encoder.layer.{layer}."
    read = _first(graph, hidden) if layer == shape.layers - 1 else hidden
    parts = [
        _linear(graph, source, weights, f"{root}attention.self.{part}")
        for part, source in (("query", read), ("key", hidden), ("value", hidden))
    ]
    mixed = graph.node("MultiHeadAttention", parts, f"{root}mixed", _MICROSOFT, num_heads=shape.heads)
    name = f"{root}attention.output"
    out = graph.matmul(mixed, weights[f"{name}.dense.weight"], f"{name}.dense")
    out = _skip_norm(graph, out, read, weights[f"{name}.dense.bias"], weights, f"{name}.LayerNorm", shape.eps)
    wide = graph.matmul(out, weights[f"{root}intermediate.dense.weight"], f"{root}intermediate.dense")
    bias = graph.constant(f"{root}intermediate.bias", weights[f"{root}intermediate.dense.bias"])
    wide = graph.node("BiasGelu", [wide, bias], f"{root}gelu", _MICROSOFT)
    name = f"{root}output"
    back = graph.matmul(wide, weights[f"{name}.dense.weight"], f"{name}.dense")
    return _skip_norm(graph, back, out, weights[f"{name}.dense.bias"], weights, f"{name}.LayerNorm", shape.eps)


def _linear(graph: _Graph, source: str, weights: Mapping[str, Array], name: str) -> str:
    product = graph.matmul(source, weights[f"{name}.weight"], name)
    return graph.node("Add", [product, graph.constant(f"{name}.bias", weights[f"{name}.bias"])], f"{name}.out")


def _first(graph: _Graph, hidden: str) -> str:
    """The first position of every row, its axis kept: (batch, 1, width)."""
    places = [graph.constant("first.start", np.array([0])), graph.constant("first.end", np.array([1]))]
    return graph.node("Slice", [hidden, *places, graph.constant("first.axis", np.array([1]))], "first")


def _head(graph: _Graph, weights: Mapping[str, Array], hidden: str) -> None:
    flat = graph.node("Squeeze", [hidden, graph.constant("squeezed.axis", np.array([1]))], "pooled_in")
    dense = [graph.constant(f"pooler.{part}", weights[f"bert.pooler.dense.{part}"]) for part in ("weight", "bias")]
    pooled = graph.node("Tanh", [graph.node("Gemm", [flat, *dense], "pooler", transB=1)], "pooled")
    last = [graph.constant(f"head.{part}", weights[f"classifier.{part}"]) for part in ("weight", "bias")]
    graph.node("Gemm", [pooled, *last], "logits", transB=1)
