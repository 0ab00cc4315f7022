"""Fetching a model before it is needed: the hub's own client against a small hub on loopback."""

import importlib.util
import json
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

import models
from models import EngineMissing, ModelMissing, ModelUnusable, fetch
from tests.servers.hub_server import COMMIT, HubServer
from tests.servers.loopback import BROKEN, Reply

hub = pytest.importorskip("huggingface_hub")

NAME = "someone/tiny"
CONFIG = json.dumps({"model_type": "bert", "id2label": {"0": "negative", "1": "positive"}}).encode()
FILES = {
    "config.json": CONFIG,
    "tokenizer.json": b"{}",
    "model.safetensors": b"weights " * 100,
    "pytorch_model.bin": b"a pickle",
    "tf_model.h5": b"other weights",
    "onnx/model.onnx": b"a graph",
    "modeling_own.py": b"raise SystemExit",
    "README.md": b"---\nlicense: mit\n---\n",
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with HubServer(NAME, FILES) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


def test_what_the_engine_reads_is_downloaded_and_nothing_else(server: HubServer, tmp_path: Path) -> None:
    found = fetch.fetch(NAME, cache=tmp_path)
    wanted = ("config.json", "model.safetensors", "tokenizer.json")
    assert found.files == wanted
    assert server.downloaded == set(wanted)
    assert found.size == sum(len(FILES[name]) for name in wanted)
    assert (found.name, found.commit) == (NAME, COMMIT)
    assert (Path(found.where) / "model.safetensors").read_bytes() == FILES["model.safetensors"]


def test_what_is_there_is_found_again_by_its_name_and_not_downloaded_twice(server: HubServer, tmp_path: Path) -> None:
    fetch.fetch(NAME, cache=tmp_path)
    assert Path(str(hub.try_to_load_from_cache(NAME, "config.json", cache_dir=tmp_path))).read_bytes() == CONFIG
    server.asked.clear()
    fetch.fetch(NAME, cache=tmp_path)
    assert "model.safetensors" not in server.downloaded


def test_a_model_in_several_files_comes_whole(server: HubServer, tmp_path: Path) -> None:
    del server.files["model.safetensors"]
    parts = [f"model-0000{part}-of-00002.safetensors" for part in (1, 2)]
    server.files |= {"model.safetensors.index.json": b"{}"} | dict.fromkeys(parts, b"half")
    found = fetch.fetch(NAME, cache=tmp_path)
    assert {*parts, "model.safetensors.index.json"} <= set(found.files)


def test_a_fetched_model_answers_without_the_hub(
    server: HubServer, tmp_path: Path, make_hub_folder: Callable[..., Path]
) -> None:
    made = make_hub_folder({0: "negative", 1: "neutral", 2: "positive"})
    server.files = {file.name: file.read_bytes() for file in made.iterdir()} | {"pytorch_model.bin": b"a pickle"}
    found = fetch.fetch(NAME, cache=tmp_path)
    server.asked.clear()
    assert len(models.load(found.where).predict(["great staff"])) == 1
    assert server.asked == []


def test_only_a_pickle_is_refused_before_anything_is_downloaded(server: HubServer, tmp_path: Path) -> None:
    del server.files["model.safetensors"]
    with pytest.raises(ModelUnusable, match="has no safetensors weights, and pickled ones are not loaded"):
        fetch.fetch(NAME, cache=tmp_path)
    assert server.downloaded == set()


def test_code_of_its_own_is_refused_before_the_weights_are_downloaded(server: HubServer, tmp_path: Path) -> None:
    server.files["config.json"] = b'{"auto_map": {"AutoModel": "modeling_own.Own"}}'
    with pytest.raises(ModelUnusable, match="needs code of its own, which is not run"):
        fetch.fetch(NAME, cache=tmp_path)
    assert server.downloaded == {"config.json"}


@pytest.mark.parametrize(
    ("config", "reason"), [(b"{", "its config.json is not JSON"), (b"[]", "needs code"), (None, "has no config.json")]
)
def test_an_odd_config_is_refused(server: HubServer, tmp_path: Path, config: bytes | None, reason: str) -> None:
    del server.files["config.json"]
    server.files |= {} if config is None else {"config.json": config}
    with pytest.raises(ModelUnusable, match=reason):
        fetch.fetch(NAME, cache=tmp_path)


def test_a_model_that_is_not_there_is_refused_by_name(server: HubServer, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match='There is no model "someone/else" on the hub'):
        fetch.fetch("someone/else", cache=tmp_path)


def test_a_model_that_is_shown_to_few_says_how_to_be_one_of_them(server: HubServer, tmp_path: Path) -> None:
    server.always = Reply(403, b'{"error": "no"}', {"x-error-code": "GatedRepo"})
    with pytest.raises(ModelMissing, match="shown only to whom its makers let in; set HF_TOKEN"):
        fetch.fetch(NAME, cache=tmp_path)


@pytest.mark.parametrize("reply", [BROKEN, Reply(200, b"<html>"), Reply(401, b"{}")])
def test_a_hub_that_answers_wrongly_is_one_sentence(server: HubServer, tmp_path: Path, reply: Reply) -> None:
    server.always = reply
    with pytest.raises(ModelMissing, match=NAME) as refusal:
        fetch.fetch(NAME, cache=tmp_path)
    assert "\n" not in str(refusal.value)


def test_no_network_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the discard port: nobody listens
    with pytest.raises(ModelMissing, match=r"cannot be fetched from the hub \(.*\)\. Check the network"):
        fetch.fetch(NAME, cache=tmp_path)


@pytest.mark.parametrize("name", ["", "../etc", "/etc/passwd", "a/b/c", "a b", "https://hub/x", "a/..", "-"])
def test_what_is_no_id_is_asked_of_nobody(server: HubServer, tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelMissing, match="hub"):
        fetch.fetch(name, cache=tmp_path)
    assert [asked for asked in server.asked if asked.path.startswith("/api/models")] == []


def test_without_the_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., ModuleSpec | None] = importlib.util.find_spec
    monkeypatch.setattr(fetch, "find_spec", lambda name: None if name == "huggingface_hub" else real(name))
    with pytest.raises(EngineMissing, match=r"huggingface_hub not installed\. Install the extra: pip install"):
        fetch.fetch(NAME)
