"""Small models for the tests of models/: a few thousand random weights, made on the spot."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers import models as kinds

from models import folder
from models.heads import ANSWERS, Head

_VOCABULARY = """
[PAD] [UNK] [CLS] [SEP] the a my is was never always late great awful kind order parcel shop staff app love hate
broken works fine opens at nine today again thanks user http @ # ! . ,
"""
WORDS = _VOCABULARY.split()
MakeHubFolder = Callable[..., Path]
MakeShippedFolder = Callable[..., Path]
_WIDTH, _WIDE, _LAYERS, _PLACES = 32, 64, 2, 64


def small_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(kinds.WordPiece({word: index for index, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


@pytest.fixture(scope="session")
def make_hub_folder(tmp_path_factory: pytest.TempPathFactory) -> MakeHubFolder:
    """A function that saves a tiny BERT classifier with the given labels in transformers' format."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    transformers.utils.logging.disable_progress_bar()

    def make(labels: Mapping[int, str], *, bare: bool = False, spread: float = 0.5) -> Path:
        folder = tmp_path_factory.mktemp("hub")
        torch.manual_seed(3)
        shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
        config = transformers.BertConfig(
            **shape, vocab_size=len(WORDS), max_position_embeddings=64, initializer_range=spread, id2label=dict(labels)
        )
        kind = transformers.BertModel if bare else transformers.BertForSequenceClassification
        kind(config).save_pretrained(folder)
        transformers.PreTrainedTokenizerFast(
            tokenizer_object=small_tokenizer(), pad_token="[PAD]", unk_token="[UNK]", model_max_length=64
        ).save_pretrained(folder)
        (folder / "tokenizer.json").write_text(small_tokenizer().to_str(), encoding="utf-8")
        return folder

    return make


def random_weights(classes: int, seed: int) -> dict[str, npt.NDArray[np.float32]]:
    """Weights of a tiny encoder, named as transformers names them."""
    chance = np.random.default_rng(seed)
    layers = [f"bert.encoder.layer.{number}." for number in range(_LAYERS)]
    wide = ("intermediate", (_WIDE, _WIDTH)), ("output", (_WIDTH, _WIDE))
    parts = [(f"attention.{part}", (_WIDTH, _WIDTH)) for part in ("self.query", "self.key", "self.value", "output")]
    dense = [(f"{layer}{part}", size) for layer in layers for part, size in (*parts, *wide)]
    shapes = {f"{name if '.self.' in name else name + '.dense'}": size for name, size in dense}
    shapes |= {"bert.pooler.dense": (_WIDTH, _WIDTH), "classifier": (classes, _WIDTH)}
    tables = {"word": len(WORDS), "token_type": 2, "position": _PLACES}
    found = {f"bert.embeddings.{name}_embeddings.weight": (rows, _WIDTH) for name, rows in tables.items()}
    found |= {f"{name}.weight": size for name, size in shapes.items()}
    weights = {name: chance.normal(0, 0.5, size) for name, size in found.items()}
    weights |= {f"{name}.bias": chance.normal(0, 0.1, size[0]) for name, size in shapes.items()}
    for norm in ("bert.embeddings.", *(f"{layer}{part}output." for layer in layers for part in ("attention.", ""))):
        weights |= {f"{norm}LayerNorm.weight": np.ones(_WIDTH), f"{norm}LayerNorm.bias": chance.normal(0, 0.1, _WIDTH)}
    return {name: value.astype(np.float32) for name, value in weights.items()}


@pytest.fixture(scope="session")
def make_shipped_folder(tmp_path_factory: pytest.TempPathFactory) -> MakeShippedFolder:
    """A function that writes a tiny model with all answers, and a sentence embedding, in the shipped format."""
    graph = pytest.importorskip("models.training.graph")

    def make(seed: int = 3) -> Path:
        path = tmp_path_factory.mktemp("shipped")
        rows = [Head(name=name, labels=labels, temperature=1.0).row() for name, labels in ANSWERS.items()]
        rows[0]["toward"] = 1.5
        outputs = sum(map(len, ANSWERS.values()))
        shape = graph.Shape(layers=_LAYERS, heads=2, positions=_PLACES, classes=outputs)
        whole = graph.build(random_weights(outputs, seed), shape, quantised=True).SerializeToString()
        config = {"name": "tiny-1", "heads": rows, "max_tokens": _PLACES}
        folder.write(path, graph=whole, tokenizer=small_tokenizer().to_str(), config=config)
        return path

    return make


@pytest.fixture
def make_large_folder(tmp_path: Path) -> Callable[[], Path]:
    """A function that saves a tiny encoder of the teacher's family, which knows no segments, with its own tokenizer."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")

    def make() -> Path:
        folder = tmp_path / "large"
        torch.manual_seed(5)
        shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
        config = transformers.MPNetConfig(
            **shape, vocab_size=len(WORDS), max_position_embeddings=66, initializer_range=0.3, num_labels=23
        )
        transformers.MPNetForSequenceClassification(config).save_pretrained(folder)
        (folder / "tokenizer.json").write_text(small_tokenizer().to_str(), encoding="utf-8")
        return folder

    return make


@pytest.fixture
def edit_json() -> Callable[[Path, dict[str, object]], None]:
    """A function that changes keys of a JSON file."""

    def edit(path: Path, changes: dict[str, object]) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | changes), encoding="utf-8")

    return edit
