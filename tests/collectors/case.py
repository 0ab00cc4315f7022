"""What a collector's test must supply for the contract suite: a source that can be filled, spoilt and broken.

Each kind has one file, tests/collectors/cases/<kind>.py, with a context manager `case(folder)` that yields a `Case`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from monitor import plugins
from monitor.domain import Cursor, Page, Query, Secret
from monitor.errors import CollectorError
from monitor.ports import Collector
from tests.servers.loopback import Loopback, Reply

NOW = datetime(2026, 3, 11, 12, 0, 0, 123_456, tzinfo=UTC)
SECRET = "canary-5f1c0a77"  # the value of every secret in these tests


class Network(Protocol):
    """A server that can be told to answer every question with a fault."""

    always: Reply | None


@dataclass(kw_only=True)
class Case:
    """One kind's source. On a network, `faults` and `oddities` are what the tables of troubles.py do not have."""

    options: dict[str, Any]  # small pages, so that there are several
    publish: Callable[[int], set[str]]  # so many new posts; returns their native ids
    spoil: Callable[[], None]  # one row that cannot be read
    faults: Mapping[str, tuple[type[CollectorError], Callable[[], None]]]  # what goes wrong → the error, and how
    heal: Callable[[], None]
    future: Callable[[], str] | None = None  # one post that is dated after now; returns its id
    query: Query = field(default=Query(terms=("Acme",)))
    server: Network | None = None  # whom the collector asks
    offline: str = ""  # why it asks nobody, so that no fault of a network can come
    means: Mapping[str, type[CollectorError] | None] = field(default_factory=dict)  # table's name → what it is here
    oddities: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # name → what the server does (fields)
    afresh: Mapping[str, object] = field(default_factory=dict)  # options of a copy, where reading takes the posts away
    unkept: str = ""  # why unknown fields are not in `extra`, where they are not

    @property
    def web(self) -> Loopback | None:
        """The server, where each answer of it can be changed."""
        return self.server if isinstance(self.server, Loopback) else None

    @property
    def secrets(self) -> set[str]:
        """Every value that may be shown nowhere."""
        return {value.reveal() for value in self.options.values() if isinstance(value, Secret)} | {SECRET}

    def well(self) -> None:
        """Nothing is wrong any more."""
        if self.web:
            self.web.well()
        elif self.server:
            self.server.always = None
        self.heal()


def kinds() -> tuple[str, ...]:
    return plugins.kinds("collectors")


def case_of(kind: str, folder: Path) -> AbstractContextManager[Case]:
    case: AbstractContextManager[Case] = import_module(f"tests.collectors.cases.{kind}").case(folder)
    return case


def make(kind: str, options: dict[str, Any]) -> Collector:
    plugin = plugins.load("collectors", kind)
    collector: Collector = plugin("brand-watch", plugin.Options(**options))
    return collector


class Reader:
    """Reads a source as the program does: keeps every page, and the cursor of the last page that had one."""

    def __init__(self, collector: Collector, query: Query, now: datetime = NOW) -> None:
        self.collector = collector
        self.query = query
        self.now = now
        self.cursor: Cursor | None = None
        self.pages: list[Page] = []

    def stream(self) -> Iterator[Page]:
        """One poll, page by page."""
        for page in self.collector.pages(self.query, self.cursor, now=self.now):
            self.pages.append(page)
            self.cursor = page.cursor or self.cursor
            yield page

    def poll(self, most: int | None = None) -> "Reader":
        """One poll; with `most`, the program dies after so many pages."""
        for number, _ in enumerate(self.stream(), start=1):
            if number == most:
                break
        return self

    def drain(self) -> "Reader":
        """Poll until nothing is left behind."""
        for _ in range(60):
            self.poll()
            if not any(page.coverage.more_available for page in self.pages[-1:]):
                return self
        raise AssertionError("there is always more")

    @property
    def ids(self) -> set[str]:
        return {mention.native_id for page in self.pages for mention in page.mentions}

    @property
    def rejects(self) -> list[str]:
        return [reject.reason for page in self.pages for reject in page.rejects]
