"""The shipped graph read back into named float32 weights, and into a network of torch.

Part of models/training/: the inverse of graph.build, up to its rounding to int8; needs the extra `torch`. The engine
on torch opens a shipped folder with it, so that no weights are shipped twice.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import ModelProto, numpy_helper
from tokenizers import Tokenizer
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from models import folder
from models.errors import ModelUnusable
from models.training.graph import Array

_ROOT = "bert.embeddings."
_TOKENIZER = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}


def to_transformers(shipped: Path, out: Path, *, whole: bool = True) -> None:
    """Write a shipped folder's model in transformers' format. Raises ModelMissing or ModelUnusable (folder.read).

    With `whole` all its answers, which models.hub_engine reads; otherwise sentiment alone, which any program does.
    """
    held = folder.read(shipped)
    network(held, whole=whole).save_pretrained(out)
    tokenizer_of(held).save_pretrained(out)


def network(held: folder.ModelFolder, *, whole: bool = True) -> BertForSequenceClassification:
    """The folder's model in float32; see to_transformers for `whole`. Raises ModelUnusable on a graph not of ours."""
    graph = onnx.load_from_string(held.graph)
    try:
        weights = weights_of(graph)
        outputs = [(head.name, label) for head in held.heads.all for label in head.labels]
        if not whole:
            kept = [place for place, (name, _) in enumerate(outputs) if name == "sentiment"]
            weights |= {name: weights[name][kept] for name in ("classifier.weight", "classifier.bias")}
            outputs = [(label, label) for name, label in outputs if name == "sentiment"]
        config = _config(weights, [f"{name}: {label}" if whole else label for name, label in outputs], _heads(graph))
        model = BertForSequenceClassification(config)
        model.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    except (KeyError, StopIteration, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelUnusable(
            f"{held.name}: its graph is not one that can be read back into torch ({reason})."
        ) from error
    if whole:
        config.update({"answers": [head.row() for head in held.heads.all]})
    return model


def _config(weights: Mapping[str, Array], labels: Sequence[str], heads: int) -> BertConfig:
    return BertConfig(
        hidden_size=weights["bert.pooler.dense.bias"].size,
        intermediate_size=weights["bert.encoder.layer.0.intermediate.dense.bias"].size,
        num_hidden_layers=sum(name.endswith("intermediate.dense.bias") for name in weights),
        num_attention_heads=heads,
        vocab_size=len(weights[_ROOT + "word_embeddings.weight"]),
        max_position_embeddings=len(weights[_ROOT + "position_embeddings.weight"]),
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )


def tokenizer_of(held: folder.ModelFolder) -> Any:
    """The folder's tokenizer as transformers wraps it, truncating at the model's longest input."""
    make: Any = PreTrainedTokenizerFast  # its initialiser is untyped
    tokenizer = make(tokenizer_object=Tokenizer.from_str(held.tokenizer), **_TOKENIZER)
    tokenizer.model_max_length = held.max_tokens
    return tokenizer


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
    found |= {f"{name[:-7]}.weight": np.ascontiguousarray(held[name].T) for name in held if name.endswith(".turned")}
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
