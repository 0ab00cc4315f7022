"""Any other model, on transformers and torch: what is loaded, what is refused and in which words."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import models
from models import ModelMissing, ModelUnusable, folder

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
hub: Any = pytest.importorskip("models.hub_engine")
unpack: Any = pytest.importorskip("models.training.unpack")

MakeHubFolder = Callable[..., Path]
MakeShippedFolder = Callable[..., Path]
EditJson = Callable[[Path, dict[str, object]], None]
TEXTS = ["my parcel was late", "great staff", "the app works fine today again thanks", "", "late", "great staff !"]


@pytest.fixture(scope="module")
def three(make_hub_folder: MakeHubFolder) -> Path:
    return make_hub_folder({0: "negative", 1: "neutral", 2: "positive"})


@pytest.fixture
def unreachable_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the discard port: nobody listens
    monkeypatch.setenv("HF_HOME", str(tmp_path))


def test_the_name_follows_the_weights(three: Path, make_hub_folder: MakeHubFolder) -> None:
    other = make_hub_folder({0: "negative", 1: "positive"})
    first, again, second = (models.load(str(folder)).name for folder in (three, three, other))
    assert first == again
    assert first.split("@")[1] != second.split("@")[1]


def test_label_names_decide_and_not_their_order(three: Path, make_hub_folder: MakeHubFolder) -> None:
    turned = make_hub_folder({0: "POS", 1: "NEU", 2: "NEG"})
    straight = models.load(str(three)).predict(["late"])[0].sentiment
    reverse = models.load(str(turned)).predict(["late"])[0].sentiment
    assert reverse.negative == pytest.approx(straight.positive, abs=1e-6)


def test_a_model_of_two_classes_never_says_neutral(make_hub_folder: MakeHubFolder) -> None:
    folder = make_hub_folder({0: "NEGATIVE", 1: "POSITIVE"})
    sentiment = models.load(str(folder)).predict(["great staff"])[0].sentiment
    assert sentiment.neutral == 0.0
    assert sentiment.negative + sentiment.positive == pytest.approx(1.0)


def test_stars_are_added_up(make_hub_folder: MakeHubFolder) -> None:
    folder = make_hub_folder({index: f"{index + 1} star{'s' * (index > 0)}" for index in range(5)})
    sentiment = models.load(str(folder)).predict(["great staff"])[0].sentiment
    assert sentiment.negative + sentiment.neutral + sentiment.positive == pytest.approx(1.0)
    assert min(sentiment.negative, sentiment.neutral, sentiment.positive) > 0


@pytest.mark.parametrize(
    "labels",
    [{0: "anger", 1: "joy", 2: "sadness"}, {0: "LABEL_0"}, {0: "negative", 1: "neutral"}, {0: "spam", 1: "positive"}],
)
def test_labels_that_are_not_sentiment_are_refused_by_name(
    make_hub_folder: MakeHubFolder, labels: dict[int, str]
) -> None:
    folder = make_hub_folder(labels)
    with pytest.raises(ModelUnusable, match="which is not sentiment") as refusal:
        models.load(str(folder))
    assert labels[0].lower().replace("_", " ") in str(refusal.value)


class Canary:
    """Unpickling this writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return (Path.touch, (self.path,))


def test_a_folder_that_holds_only_a_pickle_is_refused_and_not_opened(three: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    folder = tmp_path / "pickled"
    folder.mkdir()
    for file in three.iterdir():
        if file.suffix == ".json":
            (folder / file.name).write_bytes(file.read_bytes())
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Canary(canary)))
    with pytest.raises(ModelUnusable, match=r"holds no \*\.safetensors"):
        models.load(str(folder))
    assert not canary.exists()


def test_a_model_with_code_of_its_own_is_refused_and_the_code_not_run(
    make_hub_folder: MakeHubFolder, edit_json: EditJson, tmp_path: Path
) -> None:
    folder, canary = make_hub_folder({0: "negative", 1: "positive"}), tmp_path / "canary"
    (folder / "custom.py").write_text(f"open({str(canary)!r}, 'w')\nclass Config: pass\n")
    edit_json(folder / "config.json", {"auto_map": {"AutoConfig": "custom.Config"}, "model_type": "own"})
    with pytest.raises(ModelUnusable, match="needs code of its own, which is not run"):
        models.load(str(folder))
    assert not canary.exists()


def test_an_unknown_type_of_model_is_refused(make_hub_folder: MakeHubFolder, edit_json: EditJson) -> None:
    folder = make_hub_folder({0: "negative", 1: "positive"})
    edit_json(folder / "config.json", {"model_type": "nosuchtype", "architectures": ["Nothing"]})
    with pytest.raises(ModelUnusable, match="cannot be loaded"):
        models.load(str(folder))


def test_an_encoder_without_a_trained_head_is_refused(make_hub_folder: MakeHubFolder) -> None:
    folder = make_hub_folder({0: "negative", 1: "positive"}, bare=True)
    with pytest.raises(ModelUnusable, match="no trained head"):
        models.load(str(folder))


@pytest.mark.usefixtures("unreachable_hub")
def test_a_hub_model_that_cannot_be_fetched_is_one_sentence_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(
        ModelMissing, match=r'"someone/something" is not on this machine, and the hub cannot be reached'
    ):
        models.load("someone/something")
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_is_not_there_is_missing() -> None:
    with pytest.raises(ModelMissing, match="there is no such folder"):
        models.load("/no/such/folder")


@pytest.mark.parametrize(("config", "error"), [(None, ModelMissing), ("{", ModelUnusable)])
def test_a_folder_without_a_readable_config_is_refused(
    tmp_path: Path, config: str | None, error: type[models.ModelError]
) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(error, match=r"config\.json"):
        models.load(str(tmp_path))


def test_a_device_that_is_not_there_is_refused(three: Path) -> None:
    with pytest.raises(ModelUnusable, match='Device "nosuchdevice" cannot be used'):
        models.load(str(three), device="nosuchdevice")


def test_a_device_asks_for_the_shipped_model_on_torch_under_the_same_name(
    make_shipped_folder: MakeShippedFolder,
) -> None:
    path = str(make_shipped_folder())
    light, torch_ = models.load(path, threads=1), models.load(path, device="cpu:0")
    engines = [getattr(scorer, "engine", "") for scorer in (light, torch_)]
    assert engines == ["ONNX Runtime on cpu, 1 thread", "torch on cpu:0 in float32"]
    assert light.name == torch_.name
    texts, targets = TEXTS * 2, ["parcel", *[None] * 11]
    for one, other in zip(light.predict(texts, targets), torch_.predict(texts, targets), strict=True):
        assert one.sentiment.polarity == pytest.approx(other.sentiment.polarity, abs=0.25)
        assert (one.touchpoints is None) == (other.touchpoints is None)


def test_a_shipped_text_is_read_to_the_same_word_on_both_engines(make_shipped_folder: MakeShippedFolder) -> None:
    held = folder.read(make_shipped_folder())
    engine = hub._Engine(unpack.tokenizer_of(held), unpack.network(held), held.heads, "cpu")
    long = "late " * (held.max_tokens - 3)
    seen, unseen = engine.answer([(f"{long}great", None), (f"{long}late great", None)])
    cut = engine.answer([(f"{long}late awful", None)])[0]
    assert unseen.sentiment.polarity == pytest.approx(cut.sentiment.polarity, abs=1e-5)
    assert seen.sentiment.polarity != pytest.approx(cut.sentiment.polarity, abs=1e-3)


def test_a_gpus_half_numbers_are_near_the_whole_ones(make_shipped_folder: MakeShippedFolder) -> None:
    held = folder.read(make_shipped_folder())
    whole, half = (
        hub._Engine(unpack.tokenizer_of(held), unpack.network(held).to(kind), held.heads, "cpu")
        for kind in (torch.float32, torch.bfloat16)
    )
    requests = [(text, None) for text in TEXTS if text]
    for one, other in zip(whole.answer(requests), half.answer(requests), strict=True):
        assert one.sentiment.polarity == pytest.approx(other.sentiment.polarity, abs=0.15)


def test_a_processor_counts_in_whole_numbers_and_what_can_in_half_ones() -> None:
    assert hub._dtype("cpu") == hub._dtype("cpu:0") == torch.float32
    assert hub._dtype("meta") == torch.bfloat16  # torch's device without memory: it takes every type


def test_no_batch_exceeds_its_cap_and_order_is_kept(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    padded = hub._Engine._padded

    def measured(self: Any, rows: list[Any]) -> Any:
        inputs = padded(self, rows)
        sizes.append(inputs["input_ids"].numel())
        return inputs

    monkeypatch.setattr(hub._Engine, "_padded", measured)
    monkeypatch.setattr(hub, "_TEXTS_AT_ONCE", 100)
    texts = [f"{'great ' * (number % 7)}staff {number}" for number in range(250)]
    scorer = models.load(str(three))
    found = scorer.predict(texts)
    assert max(sizes) <= hub._WORDS_AT_ONCE["cpu"]
    assert len(sizes) < 20
    for place in (0, 99, 100, 249):
        alone = models.load(str(three)).predict([texts[place]])[0]
        assert found[place].sentiment.polarity == pytest.approx(alone.sentiment.polarity, abs=1e-3)


def test_loading_says_nothing(three: Path, capfd: pytest.CaptureFixture[str]) -> None:
    models.load(str(three)).predict(TEXTS)
    assert capfd.readouterr() == ("", "")
