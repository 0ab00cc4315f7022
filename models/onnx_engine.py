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
import numpy.typing as npt
import onnxruntime
from tokenizers import Encoding, Tokenizer

from models import folder
from models.errors import ModelUnusable
from models.scoring import CachingScorer, Request
from models.text import input_of
from models.values import Prediction, Scorer

_WORDS_AT_ONCE = 512  # rows × length of one run; measured: more is no faster, and takes more memory
_TEXTS_AT_ONCE = 4_096  # tokenised together, so that memory does not grow with the length of the call

Ids = npt.NDArray[np.int64]


def open_model(name: str, *, threads: int | None, device: str) -> Scorer:
    """Load a folder in the shipped format; raises ModelMissing or ModelUnusable."""
    if device != "cpu":
        raise ModelUnusable(f'Model "{name}" runs on the device "cpu", not on "{device}". Leave the device out.')
    held = folder.read(Path(name))
    engine = _Engine(held, threads or usable_cores())
    return CachingScorer(held.name, engine.answer, reads_targets=held.heads.reads_targets)


def usable_cores() -> int:
    """Processors that this process may use, which a container may have fewer of than the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Engine:
    """One session, one tokenizer, and the threads that run them."""

    def __init__(self, held: folder.ModelFolder, threads: int) -> None:
        self._heads = held.heads
        self._tokenizer = Tokenizer.from_str(held.tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=held.max_tokens, strategy="only_first")
        self._session = _session(held.graph)
        self._reads = [each.name for each in self._session.get_inputs()]  # a graph for sentiment alone has no segments
        given = self._session.get_outputs()[0].shape[-1]
        if given != held.heads.outputs:
            raise ModelUnusable(
                f"{held.name}: gives {given} numbers for a text, and the config reads {held.heads.outputs}."
            )
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="score") if threads > 1 else None

    def answer(self, requests: Sequence[Request]) -> list[Prediction]:
        """One prediction per request, in order."""
        answers: list[Prediction] = []
        for start in range(0, len(requests), _TEXTS_AT_ONCE):
            answers.extend(self._answer_slice(requests[start : start + _TEXTS_AT_ONCE]))
        return answers

    def _answer_slice(self, requests: Sequence[Request]) -> list[Prediction]:
        rows = self._tokenizer.encode_batch_fast([input_of(text, target) for text, target in requests])
        plan = list(_batches_of_equal_length([len(row) for row in rows]))
        inputs = [_inputs([rows[index] for index in batch]) for batch in plan]
        outputs = self._pool.map(self._logits, inputs) if self._pool and len(inputs) > 1 else map(self._logits, inputs)
        placed: dict[int, Prediction] = {}
        for batch, logits in zip(plan, outputs, strict=True):
            for index, row in zip(batch, logits, strict=True):
                placed[index] = self._heads.prediction(row, toward=requests[index][1] is not None)
        return [placed[index] for index in range(len(rows))]

    def _logits(self, inputs: dict[str, Ids]) -> list[list[float]]:
        read = {name: inputs[name] for name in self._reads}
        rows: list[list[float]] = self._session.run(["logits"], read)[0].tolist()
        return rows


def _inputs(rows: Sequence[Encoding]) -> dict[str, Ids]:
    """What the graph reads of rows of one length: word pieces, and the segment (0 text, 1 target) of each."""
    ids, kinds = (np.array([getattr(row, part) for row in rows], dtype=np.int64) for part in ("ids", "type_ids"))
    return {"input_ids": ids, "token_type_ids": kinds}


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
