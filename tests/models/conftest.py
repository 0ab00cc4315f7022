"""Small models for the tests of models/: a few thousand random weights, made on the spot."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

_VOCABULARY = """
[PAD] [UNK] [CLS] [SEP] the a my is was never always late great awful kind order parcel shop staff app love hate
broken works fine opens at nine today again thanks user http @ # ! . ,
"""
WORDS = _VOCABULARY.split()
MakeHubFolder = Callable[..., Path]


def small_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece({word: index for index, word in enumerate(WORDS)}, unk_token="[UNK]"))
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


@pytest.fixture
def edit_json() -> Callable[[Path, dict[str, object]], None]:
    """A function that changes keys of a JSON file."""

    def edit(path: Path, changes: dict[str, object]) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | changes), encoding="utf-8")

    return edit
