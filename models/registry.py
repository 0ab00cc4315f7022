"""From a model's name to a scorer; part of models/. Engines are imported by name, when a model needs them.

A name is, in this order: a shipped model (a folder beside this file), a folder in the shipped format or in
transformers' format, or the id of a model on the Hugging Face hub.
"""

import importlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast

from models import folder
from models.errors import EngineMissing, ModelError
from models.values import ModelInfo, Scorer

_HERE = Path(__file__).parent
_DEFAULT = "bundled"


class _Engine(Protocol):
    """What a module in _ENGINES offers."""

    def open_model(self, name: str, *, threads: int | None, device: str) -> Scorer:
        """Load the model; raises ModelError."""


_ENGINES = {"onnx": "models.onnx_engine", "hub": "models.hub_engine"}
_NEEDS: dict[str, tuple[Sequence[str], str]] = {
    "onnx": (("onnxruntime", "tokenizers", "numpy"), "Reinstall the program: pip install ."),
    "hub": (("torch", "transformers"), "Install the extra: pip install '.[torch]'"),
}


def load(name: str = "bundled", *, threads: int | None = None, device: str = "cpu") -> Scorer:
    """Open a model. `threads`: processor threads to use, None for all that this process may use.

    `device`: "cpu", or what torch calls it ("cuda", "cuda:1"); the shipped format runs on "cpu" only.
    Raises ModelMissing, ModelUnusable or EngineMissing.
    """
    path = _HERE / name if name in _shipped() else Path(name)
    engine = "onnx" if name == _DEFAULT or folder.is_ours(path) else "hub"
    missing = _missing(engine)
    if missing:
        raise EngineMissing(f'Model "{name}": {missing}')
    module = cast("_Engine", importlib.import_module(_ENGINES[engine]))
    return module.open_model(str(path) if engine == "onnx" else name, threads=threads, device=device)


def available() -> list[ModelInfo]:
    """The shipped models, and the engine for all others, each with what is missing, if anything."""
    anything = ModelInfo("any Hugging Face id or folder", "transformers", "hub cache or folder", _missing("hub"))
    return [*(_info(_HERE / name) for name in _shipped()), anything]


def _info(path: Path) -> ModelInfo:
    missing = _missing("onnx")
    try:
        folder.read(path)
    except ModelError as error:
        missing = missing or str(error)
    return ModelInfo(path.name, "onnxruntime", str(path), missing)


def _shipped() -> list[str]:
    """Names of the folders beside this file that hold a model; the default is one of them, there or not."""
    found = {path.name for path in _HERE.iterdir() if folder.is_ours(path)}
    return sorted(found | {_DEFAULT})


def _missing(engine: str) -> str | None:
    modules, remedy = _NEEDS[engine]
    lacking = [module for module in modules if find_spec(module) is None]
    return f"{' and '.join(lacking)} not installed. {remedy}" if lacking else None
