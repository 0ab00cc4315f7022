"""From a name to a scorer; which engines are there."""

import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

import models
from models import EngineMissing, ModelUnusable, registry


def test_importing_models_loads_no_engine() -> None:
    heavy = "{'torch', 'transformers', 'onnxruntime', 'tokenizers', 'numpy', 'py3langid'}"
    code = f"import models, models.language, models.evaluate, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_scoring_with_the_shipped_model_loads_no_torch_and_says_nothing() -> None:
    code = (
        "import models, sys; models.load().predict(['a', 'b']); print([m for m in sys.modules if m.startswith('tor')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_shipped_model_is_listed_and_whole() -> None:
    bundled = {info.name: info for info in models.available()}["bundled"]
    assert bundled.ok
    assert bundled.engine == "onnxruntime"
    assert "en" in (bundled.languages or ())


def without(monkeypatch: pytest.MonkeyPatch, *absent: str) -> None:
    def find_spec(name: str) -> ModuleSpec | None:
        return None if name in absent else ModuleSpec(name, None)

    monkeypatch.setattr(registry, "find_spec", find_spec)


def test_without_the_extra_another_model_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "torch", "transformers")
    with pytest.raises(EngineMissing, match=r"someone/model.*torch and transformers not installed.*pip install"):
        models.load("someone/model")
    assert [info.ok for info in models.available()] == [True, False]


def test_without_onnxruntime_the_list_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "onnxruntime")
    bundled = models.available()[0]
    assert not bundled.ok
    assert "onnxruntime not installed" in str(bundled.missing)


def test_a_device_asks_for_torch_and_the_shipped_model_needs_the_extra_then(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "torch")
    with pytest.raises(EngineMissing, match=r'"bundled": torch not installed.*pip install'):
        models.load("bundled", device="cuda")
    assert models.load("bundled").predict(["late again"])


def test_a_device_that_is_not_there_is_one_sentence_for_the_shipped_model_too() -> None:
    pytest.importorskip("torch")
    with pytest.raises(ModelUnusable, match='Device "nosuchdevice" cannot be used'):
        models.load("bundled", device="nosuchdevice")


@pytest.mark.parametrize("config", [None, "{", "[]", "{}", '{"languages": "en"}', '{"languages": [1]}'])
def test_a_folder_in_another_format_says_which_languages_it_was_measured_on_or_nobody_does(
    tmp_path: Path, config: str | None
) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    assert models.languages_of(str(tmp_path)) is None
    (tmp_path / "config.json").write_text('{"languages": ["fr", "en"]}')
    assert models.languages_of(str(tmp_path)) == frozenset({"en", "fr"})


@pytest.mark.parametrize("name", ["someone/model", "/no/such/folder", "\0"])
def test_of_a_model_that_is_not_here_nobody_says_which_languages_it_was_measured_on(name: str) -> None:
    assert models.languages_of(name) is None
