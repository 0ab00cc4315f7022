"""The shipped model on ONNX Runtime: int8, no torch, any number of threads. Part of models/; knows no store.

The graph takes rows of one length, unpadded, and quantises activations per position, so that a text's numbers
do not depend on its neighbours. One session is shared by a few threads, each running small batches on its own:
small matrices gain more from that than from threads inside an operator. While they run, the caller's thread
normalises and tokenises the next few hundred texts; a batch is run when it is full, and a few wait, so that memory
does not grow with the length of a call. The memory arena is off, so that one batch of long texts does not keep its
memory for ever.
"""

import os
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from models import folder
from models.embedding import EmbeddingScorer, Vectors
from models.errors import ModelUnusable
from models.scoring import Request
from models.text import input_of
from models.values import Prediction, Scorer

_WORDS_AT_ONCE = 512  # rows × length of one run; measured: more is no faster, and takes more memory
_TEXTS_AT_ONCE = 512  # tokenised together
_BATCHES_AHEAD = 4  # for each thread: enough to last while the next texts are tokenised
_LOGITS, _EMBEDDING = "logits", "embedding"

Ids = npt.NDArray[np.int64]


class _Row(NamedTuple):
    """A text as the graph reads it: word pieces, and the segment (0 text, 1 target) of each."""

    place: int  # in the call
    toward: bool
    pieces: list[int]
    segments: list[int]


def open_model(name: str, *, threads: int | None, device: str) -> Scorer:
    """Load a folder in the shipped format; raises ModelMissing or ModelUnusable."""
    if device != "cpu":
        raise ModelUnusable(f'Model "{name}" runs on the device "cpu", not on "{device}". Leave the device out.')
    held = folder.read(Path(name))
    threads = threads or usable_cores()
    engine = _Engine(held, threads)
    told = f"ONNX Runtime on cpu, {threads} thread{'s' * (threads > 1)}"
    targets = held.heads.reads_targets
    return EmbeddingScorer(held.name, engine.answer, engine.vectors, engine=told, reads_targets=targets)


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
        self._gives = {each.name: each.shape[-1] for each in self._session.get_outputs()}
        given = self._gives.get(_LOGITS)
        if given != held.heads.outputs:
            raise ModelUnusable(
                f"{held.name}: gives {given or 'no'} numbers for a text, and the config reads {held.heads.outputs}."
            )
        self._name = held.name
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="score") if threads > 1 else None
        self._most_waiting = _BATCHES_AHEAD * threads

    def answer(self, requests: Iterable[Request]) -> list[Prediction]:
        """One prediction per request, in order."""
        placed: dict[int, Prediction] = {}
        for batch, logits in self._outputs(_LOGITS, requests):
            for row, numbers in zip(batch, logits.tolist(), strict=True):
                placed[row.place] = self._heads.prediction(numbers, toward=row.toward)
        return [placed[place] for place in range(len(placed))]

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """The embedding of each text; raises ModelUnusable where the graph has none."""
        if _EMBEDDING not in self._gives:
            raise ModelUnusable(
                f'Model "{self._name}" has no sentence embedding: its graph has no output "{_EMBEDDING}". '
                "Train it again with python -m models.training, or name another model."
            )
        found = np.empty((len(texts), self._gives[_EMBEDDING]), np.float32)
        for batch, vectors in self._outputs(_EMBEDDING, ((text, None) for text in texts)):
            found[[row.place for row in batch]] = vectors
        return found

    def _outputs(self, name: str, requests: Iterable[Request]) -> Iterator[tuple[list[_Row], Vectors]]:
        """What the graph says of each batch, in any order; a few batches are under way at a time."""
        batches = _batches_of_equal_length(chain.from_iterable(self._slices(iter(requests))))
        first = list(islice(batches, 2))
        batches = chain(first, batches)
        if self._pool is None or len(first) < 2:  # one batch is run where it is
            yield from ((batch, self._run(name, batch)) for batch in batches)
            return
        running: deque[tuple[list[_Row], Future[Vectors]]] = deque()
        for batch in batches:
            running.append((batch, self._pool.submit(self._run, name, batch)))
            if len(running) > self._most_waiting:
                done, future = running.popleft()
                yield done, future.result()
        yield from ((batch, future.result()) for batch, future in running)

    def _slices(self, requests: Iterator[Request]) -> Iterator[list[_Row]]:
        """The requests, tokenised some hundred at a time."""
        place = 0
        while some := list(islice(requests, _TEXTS_AT_ONCE)):
            found = self._tokenizer.encode_batch_fast([input_of(text, target) for text, target in some])
            yield [
                _Row(number, target is not None, row.ids, row.type_ids)
                for number, (row, (_, target)) in enumerate(zip(found, some, strict=True), place)
            ]
            place += len(some)

    def _run(self, name: str, batch: Sequence[_Row]) -> Vectors:
        given: dict[str, Ids] = {
            "input_ids": np.array([row.pieces for row in batch], np.int64),
            "token_type_ids": np.array([row.segments for row in batch], np.int64),
        }
        found: Vectors = self._session.run([name], {each: given[each] for each in self._reads})[0]
        return found


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


def _batches_of_equal_length(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    """Rows of one length, so that nothing is padded: a batch as soon as it is full, at the end all that are not."""
    waiting: dict[int, list[_Row]] = defaultdict(list)
    for row in rows:
        length = len(row.pieces)
        waiting[length].append(row)
        if (len(waiting[length]) + 1) * length > _WORDS_AT_ONCE:
            yield waiting.pop(length)
    yield from (waiting[length] for length in sorted(waiting, reverse=True))  # long first: threads end together
