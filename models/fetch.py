"""Downloads a model of the Hugging Face hub into the hub's cache on this machine, before it is needed.

Part of models/: only what the engine reads (config, tokenizer, safetensors), never pickled weights, never code. Needs
huggingface_hub, which comes with the extra `torch`; it reads HF_ENDPOINT, HF_HOME and HF_TOKEN of the environment.
"""

import importlib
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from models.errors import EngineMissing, ModelMissing, ModelUnusable

_FILES = frozenset(
    {
        "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "vocab.txt", "vocab.json", "merges.txt", "bpe.codes", "sentencepiece.bpe.model", "spiece.model", "spm.model",
        "tokenizer.model", "model.safetensors.index.json",
    }
)  # fmt: skip
_WEIGHTS = re.compile(r"model(-\d+-of-\d+)?\.safetensors")
_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)
_PATIENCE = 10.0  # seconds for the first answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A model that is on this machine now; `commit` is the hub's, `size` the bytes of its `files`."""

    name: str
    commit: str
    where: str
    files: tuple[str, ...]
    size: int


def fetch(name: str, *, cache: Path | None = None) -> Fetched:
    """Download what is not there yet; `cache` None is the hub's own place.

    Raises EngineMissing (no client), ModelMissing (no such model, no network) or ModelUnusable (no safetensors, code of
    its own).
    """
    if not _ID.fullmatch(name):
        raise ModelMissing(f'"{name}" is not the id of a model on the hub, such as someone/model.')
    if find_spec("huggingface_hub") is None:
        raise EngineMissing("huggingface_hub not installed. Install the extra: pip install '.[torch]'")
    hub: Any = importlib.import_module("huggingface_hub")
    place = {"endpoint": os.environ.get("HF_ENDPOINT") or None, "cache_dir": cache}
    with _in_words(name), _bars():
        told = hub.HfApi(endpoint=place["endpoint"]).model_info(name, timeout=_PATIENCE)
        wanted = _wanted(name, [each.rfilename for each in told.siblings or ()])
        _check_config(name, Path(hub.hf_hub_download(name, "config.json", **place)))
        where = Path(hub.snapshot_download(name, allow_patterns=[escape(each) for each in wanted], **place))
    return Fetched(
        name=name,
        commit=where.name,
        where=str(where),
        files=wanted,
        size=sum((where / each).stat().st_size for each in wanted),
    )


def _wanted(name: str, held: Sequence[str]) -> tuple[str, ...]:
    """Which of a model's files the engine reads."""
    wanted = tuple(sorted(each for each in held if each in _FILES or _WEIGHTS.fullmatch(each)))
    if "config.json" not in wanted:
        raise ModelUnusable(f'Model "{name}" has no config.json, so nobody knows what it answers.')
    if not any(map(_WEIGHTS.fullmatch, wanted)):
        raise ModelUnusable(f'Model "{name}" has no safetensors weights, and pickled ones are not loaded.')
    return wanted


def _check_config(name: str, path: Path) -> None:
    """Refuse before the weights are fetched what would be refused after."""
    try:
        config = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ModelUnusable(f'Model "{name}": its config.json is not JSON ({error}).') from error
    if not isinstance(config, dict) or config.get("auto_map"):
        raise ModelUnusable(
            f'Model "{name}" needs code of its own, which is not run. Name a model of a type that transformers knows.'
        )


@contextmanager
def _in_words(name: str) -> Iterator[None]:
    """Turns what the client raises into one sentence."""
    errors: Any = importlib.import_module("huggingface_hub.errors")
    network = getattr(errors, "HTTPError", OSError)  # of the library that the client speaks with
    try:
        yield
    except errors.GatedRepoError as error:
        raise ModelMissing(f'Model "{name}" is shown only to whom its makers let in; set HF_TOKEN.') from error
    except errors.RepositoryNotFoundError as error:
        raise ModelMissing(f'There is no model "{name}" on the hub, or HF_TOKEN may not see it.') from error
    except errors.OfflineModeIsEnabled as error:
        raise ModelMissing(f'Model "{name}" cannot be fetched: HF_HUB_OFFLINE is set.') from error
    except (OSError, network, ValueError, RuntimeError) as error:
        said = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200].rstrip(".")
        reason = f'Model "{name}" cannot be fetched from the hub ({said}). Check the network; what came is kept.'
        raise ModelMissing(reason) from error


@contextmanager
def _bars() -> Iterator[None]:
    """The client's progress bars, on a terminal only."""
    utils: Any = importlib.import_module("huggingface_hub.utils")
    silent = not sys.stderr.isatty() and not utils.are_progress_bars_disabled()
    if silent:
        utils.disable_progress_bars()
    try:
        yield
    finally:
        if silent:
            utils.enable_progress_bars()
