"""What is left of deleted posts: in rows, in the index, in freed pages, in any byte; and how soon it went.

Reads; the one check that SQLite itself makes of its index needs a database that may be written, so ask it of a copy.
Knows no platform and deletes nothing.
"""

import json
import mmap
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.clock import MILLISECOND
from monitor.errors import StoreError
from monitor.store.database import Connection, sqlite3
from monitor.store.erasure import WITHDRAWN, quoted

_HEADER = 100  # bytes at the beginning of the file
_WORDS = (
    "text <> '' or url is not null or author_id is not null or author is not null or"
    " followers is not null or extra <> '{}' or conversation_id is not null or in_reply_to is not null or"
    " quoted is not null or rating is not null"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """How many of each still hold something of a deleted post; 0 everywhere is as it should be."""

    posts: int  # rows with words, an address, an author or fields
    waiting: int  # rows that a model would still be given
    alerts: int  # alerts that quote one
    messages: int  # messages that quote one
    reasons: int  # reasons why a model could not take one, in a model's words

    @property
    def total(self) -> int:
        """All of them."""
        return self.posts + self.waiting + self.alerts + self.messages + self.reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed:
    """The pages of a file that hold no rows any more."""

    pages: int
    dirty: int  # not overwritten with zeros


class Proof:
    """Questions about what is left."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def tombstones(self) -> int:
        """How many stored posts are deleted."""
        return self._number("mentions where deleted_at is not null")

    def leftovers(self) -> Leftovers:
        """What rows still hold of deleted posts."""
        dead = "mention_id in (select id from mentions where deleted_at is not null)"
        quoting = dict(self._quoting())
        return Leftovers(
            posts=self._number(f"mentions where deleted_at is not null and ({_WORDS})"),
            waiting=self._number(f"targets where pending > 0 and {dead}"),
            alerts=sum(quoting.values()),
            messages=sum(self._message_quotes(text) for text in self._messages(quoting)) + self._digests(),
            reasons=self._number(f"quarantine where reason <> 'deleted' and {dead}"),
        )

    def lags(self) -> list[timedelta]:
        """How long after a platform's deletion each post was erased; those of which no platform told a time are out.

        A post that came in after its deletion is counted from then on: nothing could be erased before.
        """
        rows = self._c.rows(
            "select erased_at - max(deleted_at, collected_at) from mentions"
            " where deleted_at is not null and erased_at is not null and erased_at <> deleted_at"
        )
        return [max(timedelta(0), row[0] * MILLISECOND) for row in rows]

    def index_is_whole(self) -> bool:
        """Whether the search index holds the words of the rows as they are, and no others. Needs a writer."""
        try:
            self._c.execute("insert into mentions_fts (mentions_fts, rank) values ('integrity-check', 1)")
        except StoreError as error:
            if isinstance(error.__cause__, sqlite3.DatabaseError):
                return False
            raise
        return True

    def _number(self, rows: str) -> int:
        return int(self._c.rows(f"select count(*) from {rows}")[0][0])

    def _quoting(self) -> Iterator[tuple[int, bool]]:
        """Each alert that quotes a deleted post, and whether anything of that post is in it."""
        for number, text in self._c.stream(
            "select id, explanation from alerts where instr(explanation, '\"mention\":')"
        ):
            record = json.loads(text)
            posts = [post["mention"] for post in quoted(record)]
            parts = [part for part in record.get("parts", ()) if part["native_id"] is not None]
            dead = self._dead((each["platform"], each["native_id"]) for each in (*posts, *parts))
            found = [_says(post) for post in posts if (post["platform"], post["native_id"]) in dead]
            found += [part["value"] is not None for part in parts if (part["platform"], part["native_id"]) in dead]
            if found:
                yield number, any(found)

    def _messages(self, alerts: Iterable[int]) -> list[str]:
        rows = self._c.rows(
            "select message from outbox where alert_id in (select value from json_each(?1)) or id in"
            " (select outbox_id from notices where alert_id in (select value from json_each(?1)))",
            json.dumps(list(alerts)),
        )
        return [row[0] for row in rows]

    def _message_quotes(self, text: str) -> bool:
        message = json.loads(text)
        told = [post for name in ("top_posts", "typical_posts") for post in message["facts"].get(name, ())]
        return message["body"] != WITHDRAWN or bool(self._dead((each["platform"], each["id"]) for each in told))

    def _digests(self) -> int:
        """How many digests quote a deleted post."""
        return self._number(
            "outbox where kind = 'digest' and exists (select 1 from json_each(message, '$.facts.back') join mentions m"
            " on m.platform = value ->> 'platform' and m.native_id = value ->> 'id' where m.deleted_at is not null)"
        )

    def _dead(self, keys: Iterable[tuple[Any, Any]]) -> set[tuple[str, str]]:
        rows = self._c.rows(
            "select platform, native_id from mentions where deleted_at is not null and (platform, native_id) in"
            " (select json_extract(value, '$[0]'), json_extract(value, '$[1]') from json_each(?))",
            json.dumps(list(keys)),
        )
        return {(row[0], row[1]) for row in rows}


def freed(path: Path) -> Freed:
    """Look at every page on a file's list of free ones. Ask it while nobody writes, of a file whose log is empty.

    The list is SQLite's own: https://sqlite.org/fileformat2.html#the_freelist. A trunk page names leaves, by numbers
    that may stay when the list gets shorter; of a leaf nothing may be left.
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        size = struct.unpack(">H", data[16:18])[0]
        size = 65_536 if size == 1 else size
        count, trunk = len(data) // size, struct.unpack(">I", data[32:36])[0]
        pages = dirty = 0
        while 0 < trunk <= count and pages <= count:
            page = data[(trunk - 1) * size : trunk * size]
            following, leaves = struct.unpack(">II", page[:8])
            numbers = struct.unpack(f">{(size - 8) // 4}I", page[8 : 8 + (size - 8) // 4 * 4])
            blank = [not any(data[(leaf - 1) * size : leaf * size]) for leaf in numbers[:leaves]]
            pages += 1 + len(blank)
            dirty += blank.count(False) + any(number > count for number in numbers[leaves:])
            trunk = following
    return Freed(pages=pages, dirty=dirty)


def places(files: Iterable[Path], words: Iterable[bytes]) -> dict[bytes, int]:
    """How many times each of these stands anywhere in the files."""
    found = dict.fromkeys(words, 0)
    for path in files:
        if not path.stat().st_size:
            continue
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for word in found:
                found[word] += _times(data, word)
    return found


def _times(data: mmap.mmap, word: bytes) -> int:
    place, times = data.find(word), 0
    while place >= 0:
        times += 1
        place = data.find(word, place + 1)
    return times


def _says(mention: dict[str, Any]) -> bool:
    known = (mention["text"], mention["url"], *mention["author"].values(), mention["extra"])
    return any(known) or mention["conversation_id"] is not None or mention["in_reply_to"] is not None
