"""Any Hugging Face model or folder on transformers and torch (the extra `torch`). Part of models/; knows no store.

Safetensors only, no code of the model's own, label names read from its config. A folder in the shipped format is
read back from its int8 graph, so that a large backlog of the shipped model can be scored on a GPU. On a GPU in
bfloat16, where the numbers of a text may differ by about 1e-2 with its neighbours; on a processor in float32, where
they do not. Texts are tokenised in a thread ahead of the device, which takes one slice at a time.
"""

import hashlib
import json
import logging
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from huggingface_hub.utils import logging as hub_logging
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging as transformers_logging

from models import folder
from models.embedding import EmbeddingScorer, Vectors
from models.errors import ModelMissing, ModelUnusable
from models.heads import Head, Heads
from models.label_maps import LabelMap
from models.scoring import Request, ahead, batches_of_like_length, softmax
from models.text import input_of
from models.training import unpack
from models.values import Prediction, Scorer

_MAX_TOKENS = 128
_WORDS_AT_ONCE = {"cpu": 1_024, "mps": 8_192, "cuda": 32_768}  # rows × longest row of one run
_TEXTS_AT_ONCE = 4_096  # tokenised together, so that memory does not grow with the length of the call
_PROBE_SECONDS = 5.0
_TALKERS: tuple[Any, ...] = (transformers_logging, hub_logging)  # two modules of one shape, only half typed


class _Row(NamedTuple):
    """A text as the tokenizer gives it, by the names of the model's inputs."""

    pieces: dict[str, list[int]]
    toward: bool


def open_model(name: str, *, threads: int | None, device: str) -> Scorer:
    """Load a hub id or a folder; raises ModelMissing (not there, cannot be fetched) or ModelUnusable."""
    if threads:
        torch.set_num_threads(threads)
    kind = _dtype(_checked_device(device))
    with _quiet():
        source = _Shipped(name) if folder.is_ours(Path(name)) else _Source(name)
        config = source.config()
        reading = _reading(name, config)
        if getattr(config, "problem_type", None) == "multi_label_classification":
            raise ModelUnusable(f'Model "{name}" rates its labels one by one; name one that chooses between them.')
        engine = _Engine(source.tokenizer(), source.model(kind), reading, device)
    told = f"torch on {device} in {str(kind).removeprefix('torch.')}"
    targets = isinstance(reading, Heads) and reading.reads_targets
    told_name = source.versioned_name(config)
    return EmbeddingScorer(told_name, engine.answer, engine.vectors, engine=told, reads_targets=targets)


def _reading(name: str, config: Any) -> LabelMap | Heads:
    """How the model's outputs are read: our own answers where its config lists them, or sentiment by label names."""
    rows = getattr(config, "answers", None)
    if not rows:
        return LabelMap.of(name, config.id2label)
    try:
        heads = Heads(name, [Head.read(row) for row in rows])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnusable(f'Model "{name}": its config lists answers that cannot be read ({error!r}).') from error
    if heads.outputs != len(config.id2label):
        raise ModelUnusable(f'Model "{name}" has {len(config.id2label)} outputs, but answers for {heads.outputs}.')
    return heads


class _Source:
    """Where a model's parts come from: a folder, the hub's cache on this machine, or the hub."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._options: dict[str, Any] = {"trust_remote_code": False}
        if Path(name).is_dir():
            _check_folder(Path(name))
            self._options["local_files_only"] = True
        elif Path(name).is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
            raise ModelMissing(f'Model "{name}": there is no such folder.')
        elif not _reachable():
            self._options["local_files_only"] = True

    def config(self) -> Any:
        """The model's config, before any weight is fetched."""
        config = self._part(AutoConfig)
        if getattr(config, "auto_map", None):
            raise ModelUnusable(_own_code(self._name))
        return config

    def tokenizer(self) -> Any:
        """The model's tokenizer."""
        return self._part(AutoTokenizer)

    def model(self, dtype: torch.dtype) -> Any:
        """The model with its weights, from safetensors alone."""
        options: dict[str, Any] = {"use_safetensors": True, "dtype": dtype, "output_loading_info": True}
        model, report = self._part(AutoModelForSequenceClassification, **options)
        if report["missing_keys"]:
            raise ModelUnusable(f'Model "{self._name}" has no trained head for sentiment: it would answer by chance.')
        return model

    def versioned_name(self, config: Any) -> str:
        """The id and the first digits of its commit; for a folder, its name and those of its weights' SHA-256."""
        commit = getattr(config, "_commit_hash", None)
        if commit:
            return f"{self._name}@{commit[:8]}"
        folder = Path(self._name)
        return f"{folder.resolve().name}@{_digest(sorted(folder.glob('*.safetensors')))}"

    def _part(self, kind: Any, **options: Any) -> Any:
        try:
            return kind.from_pretrained(self._name, **self._options, **options)
        except OSError as error:
            raise ModelMissing(self._absence(error)) from error
        except (ValueError, KeyError, ImportError, RuntimeError, AttributeError) as error:
            raise ModelUnusable(f'Model "{self._name}" cannot be loaded: {_first_line(error)}') from error

    def _absence(self, error: OSError) -> str:
        if "safetensors" in str(error):
            return f'Model "{self._name}" has no safetensors weights, and pickled ones are not loaded.'
        if Path(self._name).is_dir():
            return f'Model "{self._name}": the folder is not complete: {_first_line(error)}'
        if "local_files_only" in self._options:
            return (
                f'Model "{self._name}" is not on this machine, and the hub cannot be reached. '
                "Check the name and the network, or give the folder of a downloaded copy."
            )
        return f'Model "{self._name}" cannot be fetched from the hub: {_first_line(error)} Check the name.'


class _Shipped:
    """A folder in the shipped format, as the parts that _Source gives; its name is that of the same weights there."""

    def __init__(self, name: str) -> None:
        self._held = folder.read(Path(name))
        self._model: Any = unpack.network(self._held)

    def config(self) -> Any:
        """The network's config, which lists the model's answers."""
        return self._model.config

    def tokenizer(self) -> Any:
        """The shipped tokenizer."""
        return unpack.tokenizer_of(self._held)

    def model(self, dtype: torch.dtype) -> Any:
        """The network with its weights."""
        return self._model.to(dtype)

    def versioned_name(self, _config: Any) -> str:
        """The shipped name."""
        return self._held.name


class _Engine:
    """Tokenizer, model and the reading of its outputs on one device."""

    def __init__(self, tokenizer: Any, model: Any, reading: LabelMap | Heads, device: str) -> None:
        self._tokenizer = tokenizer
        self._model = model.to(device).eval()
        self._reading = reading
        self._device = device
        self._cap = _WORDS_AT_ONCE.get(torch.device(device).type, _WORDS_AT_ONCE["cuda"])
        # Two places fewer: some families count from 2. Ours does not.
        places = getattr(model.config, "max_position_embeddings", _MAX_TOKENS + 2) - 2 * (not self._ours)
        self._max_tokens = min(_MAX_TOKENS, tokenizer.model_max_length, places)
        # One thread: a tokenizer of transformers must not be used by two at once.
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="read")
        self._turn = threading.Lock()

    @property
    def _ours(self) -> bool:
        return isinstance(self._reading, Heads)

    def answer(self, requests: Iterable[Request]) -> list[Prediction]:
        """One prediction per request, in order."""
        answers: list[Prediction] = []
        for rows, logits in self._outputs(requests, self._logits):
            lines = zip(rows, logits.tolist(), strict=True)
            answers += [self._prediction(line, toward=row.toward) for row, line in lines]
        return answers

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """The embedding of each text: the mean over its word pieces, of length 1.

        Of ours what enters the last layer, as in the shipped graph; of any other model what leaves it.
        """
        found = [vectors.numpy() for _, vectors in self._outputs(((text, None) for text in texts), self._means)]
        return np.concatenate(found) if found else np.zeros((0, self._model.config.hidden_size), np.float32)

    def _prediction(self, logits: list[float], *, toward: bool) -> Prediction:
        if isinstance(self._reading, Heads):
            return self._reading.prediction(logits, toward=toward)
        return Prediction(sentiment=self._reading.sentiment(softmax(logits)))

    def _outputs(
        self, requests: Iterable[Request], read: Callable[[Any], torch.Tensor]
    ) -> Iterator[tuple[list[_Row], torch.Tensor]]:
        """What `read` gives for each text, some thousand at a time, in order."""
        for rows in ahead(self._slices(iter(requests)), self._reader):
            with self._turn:
                found = self._read(rows, read)
            yield rows, found

    @torch.inference_mode()
    def _read(self, rows: Sequence[_Row], read: Callable[[Any], torch.Tensor]) -> torch.Tensor:
        """One line per row. Nothing waits for a device until all is handed to it."""
        plan = batches_of_like_length([len(row.pieces["input_ids"]) for row in rows], self._cap)
        found = torch.cat([read(self._padded([rows[index].pieces for index in batch])) for batch in plan])
        return found.float().cpu()[torch.tensor([index for batch in plan for index in batch]).argsort()]

    def _padded(self, rows: list[dict[str, list[int]]]) -> Any:
        return self._tokenizer.pad(rows, return_tensors="pt").to(self._device)

    def _logits(self, inputs: Any) -> torch.Tensor:
        logits: torch.Tensor = self._model(**inputs).logits
        return logits

    def _means(self, inputs: Any) -> torch.Tensor:
        said = self._model.base_model(**inputs, output_hidden_states=True)
        hidden = (said.hidden_states[-2] if self._ours else said[0]).float()
        mask = inputs["attention_mask"].unsqueeze(-1)
        return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)

    def _slices(self, requests: Iterator[Request]) -> Iterator[list[_Row]]:
        while some := list(islice(requests, _TEXTS_AT_ONCE)):
            pieces = self._pieces(some)
            yield [_Row(each, target is not None) for each, (_, target) in zip(pieces, some, strict=True)]

    def _pieces(self, requests: Sequence[Request]) -> list[dict[str, list[int]]]:
        """Word pieces of each text, or of the text and its target after it; ours are spelled out as in training."""
        inputs = [input_of(text, target) if self._ours else text for text, target in requests]
        found: dict[int, dict[str, list[int]]] = {}
        for paired in (False, True):
            places = [place for place, each in enumerate(inputs) if isinstance(each, tuple) is paired]
            if places:
                found |= zip(places, self._tokenised([inputs[place] for place in places], paired=paired), strict=True)
        return [found[place] for place in range(len(inputs))]

    def _tokenised(self, inputs: Sequence[Any], *, paired: bool) -> list[dict[str, list[int]]]:
        given = [list(part) for part in zip(*inputs, strict=True)] if paired else [list(inputs)]
        rows = self._tokenizer(*given, truncation="only_first" if paired else True, max_length=self._max_tokens)
        return [{key: values[row] for key, values in rows.items()} for row in range(len(inputs))]


def _check_folder(path: Path) -> None:
    """Refuse, before anything is loaded, what holds code or only pickles."""
    try:
        config = json.loads((path / "config.json").read_bytes())
    except OSError as error:
        raise ModelMissing(f"{path / 'config.json'}: cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise ModelUnusable(f"{path / 'config.json'}: is not JSON ({error}).") from error
    if not isinstance(config, dict) or config.get("auto_map"):
        raise ModelUnusable(_own_code(str(path)))
    if not any(path.glob("*.safetensors")):
        raise ModelUnusable(f"{path}: holds no *.safetensors. Pickled weights can run code and are not loaded.")


def _digest(paths: Sequence[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as weights:
            total.update(hashlib.file_digest(weights, "sha256").digest())
    return total.hexdigest()[:8]


def _own_code(name: str) -> str:
    return f'Model "{name}" needs code of its own, which is not run. Name a model of a type that transformers knows.'


def _checked_device(device: str) -> str:
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, ValueError) as error:
        raise ModelUnusable(f'Device "{device}" cannot be used: {_first_line(error)}') from error
    return device


def _dtype(device: str) -> torch.dtype:
    """bfloat16 on a GPU that computes with it; not every one does, and some say so only when asked to."""
    kind = torch.device(device).type
    if kind == "cpu" or (kind == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False)):
        return torch.float32
    try:
        torch.ones(8, 8, device=device, dtype=torch.bfloat16).matmul(torch.ones(8, 8, device=device).bfloat16()).sum()
    except (RuntimeError, TypeError):
        return torch.float32
    return torch.bfloat16


def _reachable() -> bool:
    """Whether the hub answers at all: its client would retry for half a minute, and say so at length."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        return False
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    if not address.startswith(("https://", "http://")):
        return False
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=_PROBE_SECONDS):  # noqa: S310
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _first_line(error: Exception) -> str:
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return line[:300].rstrip(".") + "."


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the two libraries' notes and progress bars while a model is loaded."""
    spoke = [talker.get_verbosity() for talker in _TALKERS]
    bar, bars = transformers_logging.is_progress_bar_enabled(), _TALKERS[0]
    for talker in _TALKERS:
        talker.set_verbosity(logging.CRITICAL)
    bars.disable_progress_bar()
    try:
        yield
    finally:
        for talker, level in zip(_TALKERS, spoke, strict=True):
            talker.set_verbosity(level)
        if bar:
            bars.enable_progress_bar()
