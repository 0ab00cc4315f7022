"""The four doors through which plugins come in. Says what each promises; knows no plugin and no store.

(The fifth, `Scorer`, belongs to the room models/.) A plugin is one file in its room, named as its `kind`, with one
class that bears `kind`, a frozen dataclass `Options` (its settings: names, types, defaults; a field's metadata "help"
explains it) and `__init__(self, name: str, options: Options)`. Making one opens nothing: no socket, no file.
A secret in the options is a `Secret`: it names where the value is, and is read only at the moment of use.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from monitor.domain import Cursor, Inspection, Message, Page, Query, Series

Row = Mapping[str, object]


@runtime_checkable
class Collector(Protocol):
    """Reads one platform for one source."""

    kind: ClassVar[str]
    Options: ClassVar[type[Any]]
    name: str

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield what the platform holds since the cursor, page by page; an end is an end for now.

        - Repeats are allowed, gaps are not: reading again from any page's cursor yields everything that a
          reading from `since` had not yet yielded. A page whose cursor is None leaves the cursor where it was.
        - The order within and between pages is free. Ids are strings. Times are aware and UTC, and never later
          than `now`: a platform that tells the future is clamped.
        - A row that cannot be read becomes a `Reject` and the rest goes on. Unknown fields are no error.
        - It never sleeps and never tries for ever: a platform that asks to wait raises RateLimited, a fault of network
          or server SourceDown (both retryable), a refused key CredentialRefused, an unknown shape AnswerUnreadable.
          The pages that were yielded before stay valid.
        - `more_available` on the last page says that something was left behind; `gaps` are ranges that this source
          will not bring any more by itself, `filled` are earlier ones that it did bring.

        Beside this a class may have `terms` (domain.Terms: what the platform lets people do with its posts), and an
        instance `endpoint` (what the platform counts its limits by, beside the key: sources of one kind with the same
        key and endpoint wait together).
        """
        ...


@runtime_checkable
class Rechecker(Protocol):
    """What a collector has beside, where its platform can be asked what became of posts that are stored."""

    recheck_every: timedelta  # so old may what is known of a post become
    recheck_batch: int  # most posts that are asked about at a time

    def recheck(self, ids: tuple[str, ...], since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        """Yield what became of posts: those that are gone as deletions, those that changed as mentions.

        - `checked` names the posts that the platform gave an answer for; the others are asked about again.
        - The cursor is the re-check's own, for platforms that answer later: then nothing is `checked` until the answer
          is there, and the posts that wait for it are remembered in the cursor.
        - It raises what `pages` raises.
        """
        ...


@runtime_checkable
class Listener(Protocol):
    """What a collector has beside, where posts are pushed to it. What it took is on disk, for `pages` to read."""

    max_body: int  # bytes of a request that are read at most

    def accept(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> int:
        """Check a request, keep it durably, and return how many rows it holds.

        Raises CredentialRefused where the signature is missing or wrong, InputError where the body has no usable shape.
        """
        ...

    def stored(self, cursor: Cursor) -> None:
        """Remove what was pushed before a cursor: it is committed, so that no reading will ask for it again."""
        ...


@runtime_checkable
class Detector(Protocol):
    """Tells spikes in the series of one brand; a pure function of its arguments."""

    kind: ClassVar[str]
    Options: ClassVar[type[Any]]
    name: str

    def inspect(self, series: Series, state: bytes | None) -> Inspection:
        """Say what the buckets show, given everything seen before (`state`; None: nothing yet).

        - Same answers however the buckets are split over calls. No clock, no chance, no look-ahead.
        - One reading a bucket, in order (none for a late one). One OPENED spike an episode, WORSENED only when it gets
          clearly worse, CLOSED once, when it is over. Never fires in the grace period.
        - A verdict of `series.verdicts` is heard by the first bucket that ends after it was said, in whichever call
          that bucket comes; a detector may also not listen. A class may be `Tuned` beside this.
        - `state` is small (under 50 kB) and readable by the same version of the detector only; a state of another
          version raises ValueError, and the caller starts again from history.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """The threshold in force for one series, and where it comes from. Thresholds are in the detector's own unit."""

    asked: float  # false alarms a brand and week
    prior: float  # threshold that stands for it as long as nothing is known of the brand
    own: float  # the same after what the brand's history and people's verdicts say
    early: float  # asked for on top, since the series is young
    weeks: float  # of history that speak; older weeks count less
    counted: float  # episodes that lower thresholds opened in those weeks, weighed by verdicts
    promised: float  # episodes that were to be expected there
    real: int  # verdicts heard
    false_alarms: int

    @property
    def threshold(self) -> float:
        """What evidence must reach now."""
        return self.own + self.early


@runtime_checkable
class Tuned(Protocol):
    """What a detector has beside, where one knob sets its threshold and each series' own history corrects it."""

    def knob(self, state: bytes | None) -> Knob:
        """The threshold in force after everything that led to `state` (None: nothing yet), and its reasons.

        Raises ValueError for a state that the detector cannot read.
        """
        ...


@runtime_checkable
class Notifier(Protocol):
    """Carries a message to one receiver."""

    kind: ClassVar[str]
    Options: ClassVar[type[Any]]
    name: str

    def send(self, message: Message) -> None:
        """Deliver once, within a bounded time, or raise NotifierError (NotifierRefused: never; DeliveryUnknown: maybe).

        Never retries by itself: the outbox does. Where the receiver can drop repeats, `message.key` goes along.
        A notifier that carries charts says so by `pictures = True`; then `message.picture` holds one as PNG.
        """
        ...


@runtime_checkable
class Exporter(Protocol):
    """Writes rows in one file format."""

    kind: ClassVar[str]
    Options: ClassVar[type[Any]]

    def write(self, rows: Iterable[Row], columns: tuple[str, ...], target: Path | None) -> int:
        """Write the rows (to standard output where target is None) and return how many there were.

        Rows stream: memory stays flat. A None is an empty field, never "None" and never 0. No cell runs as a formula.
        A file appears only when it is whole. Raises InputError where the target cannot be written.
        """
        ...
