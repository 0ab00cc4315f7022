"""What every scorer does before and after its engine: normalise, score duplicates once, remember, keep order.

Part of models/: knows no engine and no file. Standard library only.
"""

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from itertools import chain, islice
from typing import TypeVar

from models.text import as_name, names, normalise
from models.values import Prediction, Sentiment

T = TypeVar("T")
Request = tuple[str, str | None]  # normalised text, and target where the model reads targets
Answer = Callable[[Iterable[Request]], Sequence[Prediction]]
NEUTRAL = Prediction(sentiment=Sentiment(0.0, 1.0, 0.0))  # a text without words says nothing
_CACHE_SIZE = 20_000


class CachingScorer:
    """A Scorer around an engine's `answer`, which sees each distinct, non-empty request once.

    `answer` takes distinct requests, which are normalised as it reads them, and returns one prediction each, in
    order; it must be safe to call from several threads. `engine` says in words what runs the model, and where.
    `cache_size` requests are remembered across calls (about 1.2 kB each with all answers), 0 for none.
    """

    def __init__(
        self,
        name: str,
        answer: Answer,
        *,
        engine: str = "an engine of its own",
        reads_targets: bool = False,
        cache_size: int = _CACHE_SIZE,
    ) -> None:
        self.name = name
        self.engine = engine
        self._answer = answer
        self._reads_targets = reads_targets
        self._memory = _Memory(cache_size)

    def predict(self, texts: Sequence[str], targets: Sequence[str | None] | None = None) -> list[Prediction]:
        """See models.values.Scorer."""
        call = _Call(self._memory)
        fresh = call.fresh(self._requests(texts, targets))
        first = next(fresh, None)
        if first is not None:
            answers = dict(zip(call.asked, self._answer(chain([first], fresh)), strict=True))
            self._memory.put(answers.items())
            call.known |= answers
        return [call.known[request] for request in call.all]

    def _requests(self, texts: Sequence[str], targets: Sequence[str | None] | None) -> Iterator[Request]:
        if targets is not None and len(targets) != len(texts):
            raise ValueError(f"{len(texts)} texts but {len(targets)} targets; give one target, or None, per text.")
        if targets is None or not self._reads_targets:
            return ((normalise(text), None) for text in texts)
        return (_request(normalise(text), target) for text, target in zip(texts, targets, strict=True))


class _Call:
    """What becomes known of the requests of one call: `all` in order, those `asked` of the engine, and `known` ones."""

    def __init__(self, memory: "_Memory") -> None:
        self.all: list[Request] = []
        self.asked: list[Request] = []
        self.known: dict[Request, Prediction] = {}
        self._memory = memory

    def fresh(self, requests: Iterable[Request]) -> Iterator[Request]:
        """Each request that only the engine can answer, once."""
        waiting: set[Request] = set()
        for request in requests:
            self.all.append(request)
            if request in self.known or request in waiting:
                continue
            found = self._memory.get(request) if request[0] else NEUTRAL
            if found is not None:
                self.known[request] = found
                continue
            waiting.add(request)
            self.asked.append(request)
            yield request


def ahead(made: Iterator[T], maker: Executor) -> Iterator[T]:
    """The same things, each made in the maker's thread while the one before is used; never more than one waits.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(1) as maker:
    ...     list(ahead(iter("ab"), maker))
    ['a', 'b']
    """
    coming = maker.submit(list, islice(made, 1))
    while found := coming.result():
        coming = maker.submit(list, islice(made, 1))
        yield found[0]


def _request(text: str, target: str | None) -> Request:
    """With the target where the text names it: of a name that it cannot see, a model can only answer for the text."""
    name = as_name(target)
    return (text, name if name and names(text, name) else None)


class _Memory:
    """The last `size` answers, least recently asked for dropped first; holds digests, not texts."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[bytes, Prediction] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, request: Request) -> Prediction | None:
        key = _key(request)
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, answers: Iterable[tuple[Request, Prediction]]) -> None:
        keyed = {_key(request): prediction for request, prediction in answers}
        with self._lock:
            self._held.update(keyed)
            while len(self._held) > self._size:
                self._held.popitem(last=False)


def _key(request: Request) -> bytes:
    text, target = request
    return hashlib.blake2b(repr((text, target)).encode(), digest_size=16).digest()


def softmax(logits: Iterable[float], temperature: float = 1.0) -> list[float]:
    """Probabilities of `logits` / `temperature`; they add up to 1.

    >>> [round(p, 3) for p in softmax([0.0, 0.0, math.log(2)])]
    [0.25, 0.25, 0.5]
    """
    scaled = [value / temperature for value in logits]
    top = max(scaled)
    powers = [math.exp(value - top) for value in scaled]
    total = math.fsum(powers)
    return [power / total for power in powers]


def batches_of_like_length(lengths: Sequence[int], cap: int) -> list[list[int]]:
    """Cut indices, sorted by length, into batches whose rows × longest row is at most `cap` (one row always fits).

    >>> batches_of_like_length([3, 9, 3, 8], 18)
    [[0, 2], [3, 1]]
    """
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batches and (len(batches[-1]) + 1) * lengths[index] <= cap:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches
