"""Stories: which post belongs to which, and for a few days by what later copies are recognised.

Knows neither words nor likeness: names, bands and signatures come as numbers and bytes. Everything but a post's own
number is forgotten by `prune`, so that the tables hold some days of posts, however long the program runs.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from monitor.clock import from_ms, to_ms
from monitor.store.database import Connection

KEPT = timedelta(days=4)  # twice as long as a text counts as said before: a post that comes late finds it still


class Stories:
    """What was said before."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def known(self, keys: Iterable[int]) -> dict[int, tuple[int, datetime]]:
        """The story that each of these names or bands leads to, and when it was last said, where it is known."""
        rows = self._c.rows(
            "select key, story, said_at from story_keys where key in (select value from json_each(?))",
            json.dumps(list(keys)),
        )
        return {key: (story, from_ms(at)) for key, story, at in rows}

    def signatures(self, stories: Iterable[int]) -> dict[int, bytes]:
        """What the first text of each of these stories is compared by; missing where it has none any more."""
        rows = self._c.rows(
            "select story, signature from stories where story in (select value from json_each(?))",
            json.dumps(list(stories)),
        )
        return {story: bytes(signature) for story, signature in rows}

    def of_posts(self, posts: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """The story of each of these posts, given as (platform, native id), where it is here and has one."""
        found = self._c.rows(
            "select m.platform, m.native_id, m.story from json_each(?) j join mentions m"
            " on m.platform = j.value ->> 0 and m.native_id = j.value ->> 1 where m.story is not null",
            json.dumps(list(posts)),
        )
        return {(platform, native_id): story for platform, native_id, story in found}

    def assign(self, stories: Mapping[int, int]) -> None:
        """Note the story of each mention, by its number."""
        self._c.many("update mentions set story = ? where id = ?", [(s, number) for number, s in stories.items()])

    def remember(
        self, keys: Mapping[int, tuple[int, datetime]], told: Mapping[int, tuple[bytes | None, datetime]]
    ) -> None:
        """Keep by what stories are found; of each that was told now, the time and its signature (None: as before)."""
        self._c.many(
            "insert or replace into story_keys (key, story, said_at) values (?, ?, ?)",
            [(key, story, to_ms(at)) for key, (story, at) in sorted(keys.items())],
        )
        self._c.many(
            "insert into stories (story, signature, said_at) values (?, ?, ?)"
            " on conflict do update set said_at = max(said_at, excluded.said_at)",
            [(story, signature, to_ms(at)) for story, (signature, at) in told.items() if signature is not None],
        )
        self._c.many(
            "update stories set said_at = max(said_at, ?) where story = ?",
            [(to_ms(at), story) for story, (signature, at) in told.items() if signature is None],
        )

    def prune(self, *, now: datetime) -> int:
        """Forget what nobody said for `KEPT`; return how many rows went. Posts keep their story's number."""
        before = to_ms(now - KEPT)
        return self._c.execute("delete from story_keys where said_at < ?", before) + self._c.execute(
            "delete from stories where said_at < ?", before
        )
