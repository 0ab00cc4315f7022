"""What a collector that re-checks must supply for the contract suite: posts that can be changed and taken away.

A kind that has one keeps it beside its other case: tests/collectors/cases/<kind>.py, a context manager
`recheck_case(folder)` that yields a `RecheckCase`.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from monitor.domain import Cursor, Page
from tests.collectors.case import NOW, kinds


@dataclass(kw_only=True)
class RecheckCase:
    """One kind's source, as far as posts can be asked for by their ids."""

    options: dict[str, Any]
    publish: Callable[[], str]  # one post that stands; returns its native id
    delete: Callable[[str], None]
    unknown: str  # an id of a post that never was
    limit: Callable[[int], None]  # so many good answers, then "wait"
    fault: Callable[[int], None]  # so many good answers, then a fault of the server
    heal: Callable[[], None]
    edit: Callable[[str, str], None] | None = None  # None: the platform does not tell of edits
    restore: Callable[[str], None] | None = None  # a post that was deleted stands again
    settle: Callable[[], None] | None = None  # platforms that answer later: now they have
    answers: int = 1  # good answers that must come before the first post is checked


def recheck_kinds() -> tuple[str, ...]:
    """The kinds that offer such a case."""
    return tuple(kind for kind in kinds() if _has_one(f"tests.collectors.cases.{kind}"))


def _has_one(module: str) -> bool:
    return find_spec(module) is not None and hasattr(import_module(module), "recheck_case")


def recheck_case_of(kind: str, folder: Path) -> AbstractContextManager[RecheckCase]:
    """The case of one kind."""
    module = import_module(f"tests.collectors.cases.{kind}")
    case: AbstractContextManager[RecheckCase] = module.recheck_case(folder)
    return case


class Rechecking:
    """Asks as the program does: in batches, keeping every page and the re-check's own cursor."""

    def __init__(self, collector: Any, now: datetime = NOW) -> None:
        self.collector = collector
        self.now = now
        self.cursor: Cursor | None = None
        self.pages: list[Page] = []

    def ask(self, *ids: str) -> "Rechecking":
        """One re-check of so many posts, in the batches that the collector wants."""
        for page in self.stream(*ids):
            assert page.at is None or page.at.tzinfo is not None
        return self

    def one_by_one(self, ids: list[str]) -> None:
        """Each in a question of its own."""
        for name in ids:
            self.ask(name)

    def stream(self, *ids: str) -> Iterator[Page]:
        """Page by page."""
        size = self.collector.recheck_batch
        for start in range(0, len(ids), size):
            for page in self.collector.recheck(ids[start : start + size], self.cursor, now=self.now):
                self.pages.append(page)
                self.cursor = page.cursor or self.cursor
                yield page

    @property
    def checked(self) -> set[str]:
        return {name for page in self.pages for name in page.checked}

    @property
    def deleted(self) -> set[str | None]:
        return {gone.native_id for page in self.pages for gone in page.deletions if not gone.restored}

    @property
    def texts(self) -> dict[str, str]:
        return {mention.native_id: mention.text for page in self.pages for mention in page.mentions}
