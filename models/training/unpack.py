"""The shipped graph read back into named float32 weights, for engines that do not run ONNX.

Part of models/training/: the inverse of graph.build, up to its rounding to int8; needs the extra `torch`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import ModelProto, numpy_helper
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from models import folder
from models.training.graph import Array

_ROOT = "bert.embeddings."
_TOKENIZER = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}


def to_transformers(shipped: Path, out: Path, *, whole: bool = True) -> None:
    """Write a shipped folder's model in transformers' format. Raises ModelMissing or ModelUnusable (folder.read).

    With `whole` all its answers, which models.hub_engine reads; otherwise sentiment alone, which any program does.
    """
    held = folder.read(shipped)
    graph = onnx.load_from_string(held.graph)
    weights = weights_of(graph)
    outputs = [(head.name, label) for head in held.heads.all for label in head.labels]
    if not whole:
        kept = [place for place, (name, _) in enumerate(outputs) if name == "sentiment"]
        weights |= {name: weights[name][kept] for name in ("classifier.weight", "classifier.bias")}
        outputs = [(label, label) for name, label in outputs if name == "sentiment"]
    labels = [f"{name}: {label}" if whole else label for name, label in outputs]
    config = BertConfig(
        hidden_size=weights["bert.pooler.dense.bias"].size,
        intermediate_size=weights["bert.encoder.layer.0.intermediate.dense.bias"].size,
        num_hidden_layers=sum(name.endswith("intermediate.dense.bias") for name in weights),
        num_attention_heads=_heads(graph),
        vocab_size=len(weights[_ROOT + "word_embeddings.weight"]),
        max_position_embeddings=len(weights[_ROOT + "position_embeddings.weight"]),
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    if whole:
        config.update({"answers": [head.row() for head in held.heads.all]})
    model = BertForSequenceClassification(config)
    model.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    model.save_pretrained(out)
    make: Any = PreTrainedTokenizerFast  # its initialiser is untyped
    tokenizer = make(tokenizer_file=str(shipped / folder.TOKENIZER), **_TOKENIZER)
    tokenizer.model_max_length = held.max_tokens
    tokenizer.save_pretrained(out)


def _heads(graph: ModelProto) -> int:
    node = next(node for node in graph.graph.node if node.op_type == "MultiHeadAttention")
    return next(int(attribute.i) for attribute in node.attribute if attribute.name == "num_heads")


def weights_of(model: ModelProto) -> dict[str, Array]:
    """Weights named as in transformers' BertForSequenceClassification, as the graph uses them.

    Raises KeyError when the graph was not built by graph.build.
    """
    held: dict[str, Array] = {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}
    named = ((_renamed(_NAMES.get(name, name)), value) for name, value in held.items())
    found = {name: value for name, value in named if name is not None}
    found |= {f"{name[:-6]}.weight": _whole(held, name) for name in held if name.endswith(".whole")}
    found[_ROOT + "word_embeddings.weight"] = found.pop("words.weight")
    kinds = np.zeros((2, found[_ROOT + "LayerNorm.bias"].size), np.float32)  # a graph for sentiment alone has none
    found.setdefault(_ROOT + "token_type_embeddings.weight", kinds)
    return found


_NAMES: Mapping[str, str] = {
    "positions": _ROOT + "position_embeddings.weight",
    "kinds": _ROOT + "token_type_embeddings.weight",
    "words": "words.weight",
    "pooler.weight": "bert.pooler.dense.weight",
    "pooler.bias": "bert.pooler.dense.bias",
    "head.weight": "classifier.weight",
    "head.bias": "classifier.bias",
}
_ENDINGS = {".gamma": ".weight", ".beta": ".bias", "LayerNorm.before": "dense.bias"}


def _renamed(name: str) -> str | None:
    """transformers' name of a constant, or None for what is no float32 weight."""
    if name.endswith("intermediate.bias"):
        return name.replace("intermediate.bias", "intermediate.dense.bias")
    for ending, theirs in _ENDINGS.items():
        if name.endswith(ending):
            return name.removesuffix(ending) + theirs
    return name if name.endswith((".bias", ".weight")) else None


def _whole(held: Mapping[str, Array], name: str) -> Array:
    """int8 × scale, turned back to (out, in); the word table is stored with its rows as they are."""
    scale = held[name.removesuffix(".whole") + ".scale"]
    table = held[name].astype(np.float32) * scale
    return table if name == "words.whole" else np.ascontiguousarray(table.T)
