"""Re-checks: which stored posts are due to be asked about again, and how far each source has come with it.

Knows no platform: how old knowledge of a post may become is the caller's to say. A re-check has a place of its own in
the row of its source: the collector's cursor, and the post after which the next questions begin, so that posts which
the platform never answers for hold up no others.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.clock import to_ms
from monitor.domain import Cursor
from monitor.store import writable
from monitor.store.database import Connection


@dataclass(frozen=True, slots=True)
class Due:
    """A post that is to be asked about: its id, and where it stands among the others."""

    native_id: str
    checked_at: int
    number: int


class Rechecks:
    """What became of posts, as far as it was asked."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def due(self, source: str, platform: str, before: datetime, *, limit: int) -> list[Due]:
        """Living posts of a source that were last seen before a moment, oldest first, from the source's place on."""
        after = self._place(source).get("after") or [-1, -1]
        rows = self._c.rows(
            "select native_id, checked_at, id from mentions where source = ? and deleted_at is null"
            " and checked_at <= ? and (checked_at, id) > (?, ?) and platform = ? order by checked_at, id limit ?",
            source, to_ms(before), *after, platform, limit,
        )  # fmt: skip
        return [Due(*row) for row in rows]

    def cursor(self, source: str) -> Cursor | None:
        """What the collector wants to be given at its next re-check; None: nothing."""
        text = self._place(source).get("cursor")
        return None if text is None else Cursor(text)

    def keep_cursor(self, source: str, cursor: Cursor | None) -> None:
        """Keep it; call this in the transaction that stores the page."""
        self._keep(source, {**self._place(source), "cursor": None if cursor is None else cursor.value})

    def go_on_after(self, source: str, last: Due | None) -> None:
        """Where the next questions begin; None: at the oldest."""
        after = None if last is None else [last.checked_at, last.number]
        self._keep(source, {**self._place(source), "after": after, "idle": None})

    def in_the_middle(self, source: str) -> bool:
        """Whether the next questions begin after some post, and not at the oldest."""
        return self._place(source).get("after") is not None

    def all_wait(self, due: Iterable[Due]) -> bool:
        """Whether of these every one is as it was: living, and not checked since."""
        rows = self._c.rows(
            "select json_extract(value, '$[0]') from json_each(?) where not exists (select 1 from mentions where"
            " id = json_extract(value, '$[0]') and checked_at = json_extract(value, '$[1]') and deleted_at is null)"
            " limit 1",
            json.dumps([(each.number, each.checked_at) for each in due]),
        )
        return not rows

    def idle(self, source: str) -> int:
        """Count that a question brought no answer; how often in a row that was."""
        times = self._place(source).get("idle") or 0
        self._keep(source, {**self._place(source), "idle": times + 1})
        return int(times + 1)

    def checked(self, source: str, platform: str, native_ids: Iterable[str], *, now: datetime) -> int:
        """The platform gave its answer for these; return how many are living posts of ours."""
        ids = [writable.text(each) for each in native_ids]
        return self._c.execute(
            "update mentions set checked_at = ? where platform = ? and native_id in (select value from json_each(?))"
            " and source = ? and deleted_at is null",
            to_ms(now), platform, json.dumps(ids), source,
        )  # fmt: skip

    def bind(self, source: str, keep: timedelta) -> None:
        """Remember for how long the platform's terms let a source's posts be kept; it holds without the source too."""
        seconds = keep.total_seconds()
        if self._place(source).get("keep") != seconds:
            self._keep(source, {**self._place(source), "keep": seconds})

    def bound(self) -> dict[str, timedelta]:
        """Every source that such a term is known of, whether or not it is still in the settings."""
        rows = self._c.rows("select name from sources where recheck_cursor is not null order by name")
        kept = {row[0]: self._place(row[0]).get("keep") for row in rows}
        return {name: timedelta(seconds=seconds) for name, seconds in kept.items() if seconds is not None}

    def _place(self, source: str) -> dict[str, Any]:
        found = self._c.one("select recheck_cursor from sources where name = ?", source)
        return json.loads(found[0]) if found and found[0] else {}

    def _keep(self, source: str, place: dict[str, Any]) -> None:
        told = {name: value for name, value in place.items() if value is not None}
        self._c.execute(
            "insert into sources (name, recheck_cursor) values (?, ?)"
            " on conflict do update set recheck_cursor = excluded.recheck_cursor",
            source, json.dumps(told) if told else None,
        )  # fmt: skip
