"""The shipped model on ONNX Runtime: int8, no torch, any number of threads. Part of models/; knows no store.

The graph takes rows of one length, unpadded, and quantises activations per position, so that a text's numbers
do not depend on its neighbours. One session is shared by a few threads, each running small batches on its own:
small matrices gain more from that than from threads inside an operator. The memory arena is off, so that one
batch of long texts does not keep its memory for ever.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from models import folder
from models.errors import ModelUnusable
from models.scoring import CachingScorer, Request, softmax
from models.text import spell_out
from models.values import Prediction, Scorer, Sentiment

_LABELS = ("negative", "neutral", "positive")
_WORDS_AT_ONCE = 512  # rows × length of one run; measured: more is no faster, and takes more memory
_TEXTS_AT_ONCE = 4_096  # tokenised together, so that memory does not grow with the length of the call

Ids = list[int]


def open_model(name: str, *, threads: int | None, device: str) -> Scorer:
    """Load a folder in the shipped format; raises ModelMissing or ModelUnusable."""
    if device != "cpu":
        raise ModelUnusable(f'Model "{name}" runs on the device "cpu", not on "{device}". Leave the device out.')
    held = folder.read(Path(name))
    if held.labels != _LABELS:
        raise ModelUnusable(f"{name}: labels are {', '.join(held.labels)}; expected {', '.join(_LABELS)}.")
    return CachingScorer(held.name, _Engine(held, threads or usable_cores()).answer)


def usable_cores() -> int:
    """Processors that this process may use, which a container may have fewer of than the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Engine:
    """One session, one tokenizer, and the threads that run them."""

    def __init__(self, held: folder.ModelFolder, threads: int) -> None:
        self._temperature = held.temperature
        self._tokenizer = Tokenizer.from_str(held.tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=held.max_tokens)
        self._session = _session(held.graph)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="score") if threads > 1 else None

    def answer(self, requests: Sequence[Request]) -> list[Prediction]:
        """One prediction per request, in order."""
        answers: list[Prediction] = []
        for start in range(0, len(requests), _TEXTS_AT_ONCE):
            texts = [spell_out(text) for text, _ in requests[start : start + _TEXTS_AT_ONCE]]
            answers.extend(self._answer_slice([row.ids for row in self._tokenizer.encode_batch_fast(texts)]))
        return answers

    def _answer_slice(self, rows: list[Ids]) -> list[Prediction]:
        plan = list(_batches_of_equal_length([len(row) for row in rows]))
        arrays = [np.array([rows[index] for index in batch], dtype=np.int64) for batch in plan]
        outputs = self._pool.map(self._logits, arrays) if self._pool and len(arrays) > 1 else map(self._logits, arrays)
        placed: dict[int, Prediction] = {}
        for batch, logits in zip(plan, outputs, strict=True):
            placed |= {index: self._prediction(row) for index, row in zip(batch, logits, strict=True)}
        return [placed[index] for index in range(len(rows))]

    def _logits(self, ids: "np.ndarray[tuple[int, int], np.dtype[np.int64]]") -> list[list[float]]:
        rows: list[list[float]] = self._session.run(["logits"], {"input_ids": ids})[0].tolist()
        return rows

    def _prediction(self, logits: list[float]) -> Prediction:
        return Prediction(sentiment=Sentiment(*softmax(logits, self._temperature)))


def _session(graph: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions share no public base
        raise ModelUnusable(f"ONNX Runtime {onnxruntime.__version__} cannot run the model: {error}") from error


def _batches_of_equal_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices in batches whose rows all have the same length: nothing is padded."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)  # long first: threads end together
    for length, alike in groupby(order, key=lengths.__getitem__):
        indices = list(alike)
        rows = max(1, _WORDS_AT_ONCE // length)
        yield from (indices[at : at + rows] for at in range(0, len(indices), rows))
