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
from models.calibration import calibrated
from models.calibration import read as read_calibration
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
    "hub": (("torch", "transformers", "onnx"), "Install the extra: pip install '.[torch]'"),
}


def load(
    name: str = "bundled", *, threads: int | None = None, device: str = "cpu", calibration: Path | None = None
) -> Scorer:
    """Open a model. `threads`: processor threads to use, None for all that this process may use.

    `device`: "cpu", or what torch calls it ("cuda", "cuda:1", "mps"). The shipped format runs on ONNX Runtime on
    "cpu", and on torch anywhere else, from the same folder and under the same name. `calibration`: a file that was made
    for this model by `model calibrate`; the scorer's name then ends in "+cal-" and the file's digest.
    Raises ModelMissing, ModelUnusable or EngineMissing.
    """
    path = _HERE / name if name in _shipped() else Path(name)
    ours = name == _DEFAULT or folder.is_ours(path)
    engine = "onnx" if ours and device == "cpu" else "hub"
    missing = _missing(engine)
    if missing:
        raise EngineMissing(f'Model "{name}": {missing}')
    module = cast("_Engine", importlib.import_module(_ENGINES[engine]))
    scorer = module.open_model(str(path) if ours else name, threads=threads, device=device)
    return scorer if calibration is None else calibrated(scorer, calibration)


def languages_of(name: str) -> frozenset[str] | None:
    """ISO 639-1 codes of the languages that a model was measured on, as its folder says; None where nobody says.

    A model on the hub says nothing. Loads nothing and raises nothing.
    """
    told = folder.languages(_HERE / name if name in _shipped() else Path(name))
    return None if told is None else frozenset(told)


def confusions_of(
    name: str, answer: str = "sentiment", *, calibration: Path | None = None
) -> list[tuple[tuple[int, ...], ...]]:
    """Confusions of a model, [true][said], one for each labelled set that its folder states; empty where nobody says.

    With a calibration only its own holds: it changes what is said. Loads no model. Raises as reading the calibration
    does (ModelMissing, ModelUnusable).
    """
    if calibration is not None:
        learned = read_calibration(calibration).answers.get(answer)
        if learned is not None:
            return [] if learned.confusion is None else [learned.confusion]
    told = folder.measured(_HERE / name if name in _shipped() else Path(name))
    return [each.confusion for each in told if each.answer == answer]


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
    return ModelInfo(path.name, "onnxruntime", str(path), missing, folder.languages(path))


def _shipped() -> list[str]:
    """Names of the folders beside this file that hold a model; the default is one of them, there or not."""
    found = {path.name for path in _HERE.iterdir() if folder.is_ours(path)}
    return sorted(found | {_DEFAULT})


def _missing(engine: str) -> str | None:
    modules, remedy = _NEEDS[engine]
    lacking = [module for module in modules if find_spec(module) is None]
    return f"{' and '.join(lacking)} not installed. {remedy}" if lacking else None
