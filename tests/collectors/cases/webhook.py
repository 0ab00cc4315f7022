"""Webhook: posts are pushed through `accept`, ten to a request, and are read ten to a page."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor import clock
from monitor.domain import Secret
from monitor.errors import CredentialRefused, SourceDown
from monitor.ports import Listener
from tests.collectors.case import NOW, Case, make
from tests.support.pushing import LONG_SECRET, VARIABLE, signed


def _door(options: dict[str, Any]) -> Listener:
    door = make("webhook", options)
    assert isinstance(door, Listener)
    return door


class Desk:
    """A help desk that pushes into a folder."""

    def __init__(self, folder: Path) -> None:
        self.spool, self.away = folder / "hooks", folder / "elsewhere"
        self.options: dict[str, Any] = {"secret": Secret(f"env:{VARIABLE}"), "folder": self.spool, "page_rows": 10}
        self.copy = self.options | {"folder": folder / "copy"}
        self.door, self.other = _door(self.options), _door(self.copy)
        self.rows = self.requests = 0

    def push(self, *rows: dict[str, object]) -> None:
        body = json.dumps(rows).encode()
        self.requests += 1
        for door in (self.door, self.other):
            door.accept(signed(body, f"msg_{self.requests}", NOW), body, now=NOW)

    def publish(self, count: int) -> set[str]:
        rows: list[dict[str, object]] = []
        for number in range(self.rows, self.rows + count):
            at = clock.iso(NOW - timedelta(hours=1) + timedelta(seconds=number))
            rows.append({"id": f"c{number}", "text": f"Call {number}", "created_at": at, "brand_new": ["b2c"]})
        self.rows += count
        for start in range(0, count, 10):
            self.push(*rows[start : start + 10])
        return {str(row["id"]) for row in rows}

    def future(self) -> str:
        self.push({"id": "tomorrow", "text": "From the future", "created_at": "9999-12-31T23:59:59Z"})
        return "tomorrow"

    def block(self) -> None:
        if self.spool.exists():
            self.spool.rename(self.away)
        self.spool.write_text("a file where the folder was")

    def heal(self) -> None:
        os.environ[VARIABLE] = LONG_SECRET
        if self.spool.is_file():
            self.spool.unlink()
        if self.away.exists():
            self.away.rename(self.spool)


@contextmanager
def case(folder: Path) -> Iterator[Case]:
    os.environ[VARIABLE] = LONG_SECRET
    desk = Desk(folder)
    yield Case(
        options=desk.options,
        publish=desk.publish,
        spoil=lambda: desk.push({"id": "mute"}),
        faults={
            "no secret": (CredentialRefused, lambda: os.environ.__delitem__(VARIABLE)),
            "no folder": (SourceDown, desk.block),
        },
        afresh=desk.copy,
        offline="others ask it, and it asks nobody",
        heal=desk.heal,
        future=desk.future,
    )
    del os.environ[VARIABLE]
