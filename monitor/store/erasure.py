"""Erasure: what a deletion takes out of every table, what stays as a tombstone, and how a post may come back.

A stored post keeps its row and its counts; its words, its address, its author and what quotes it go. Of a post that is
not stored only a digest is kept, keyed with a salt of this database, so that the post is not stored when it arrives
after its deletion. Knows no platform; every call belongs in the transaction that stores its page.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import groupby, islice
from typing import Any

from monitor.clock import to_ms
from monitor.domain import Deletion
from monitor.store import writable
from monitor.store.database import Connection

WITHDRAWN = "This text quoted a post that its author has deleted since, so it was withdrawn. The title stands."
ASKED = "asked to be forgotten"  # a person's own wish: no platform undoes it
NOT_REFRESHED = "not refreshed"  # the copy grew too old: a fresh one may be kept
UNDOABLE = ("protected", "suspended", "deactivated")  # the account's state: it may change back, and its posts with it
_CHUNK = 5000
_FEW = 3
_SAID = '"native_id":'  # before an id, as explanations are written
_NAMES = re.compile(_SAID + r'("(?:[^"\\]|\\.)*")')
_DIGEST = 8  # bytes: among 10 million tombstones a living post is mistaken for one of them once in 10^12
_ERASE = (
    "update mentions set text = '', url = null, author_id = null, author = null, followers = null, extra = '{}',"
    " conversation_id = null, in_reply_to = null, quoted = null, rating = null, region = null, deleted_at = ?,"
    " erased_at = ?, gone_because = ?, restorable = ?, gone_author = ? where id = ?"
)


@dataclass(frozen=True, slots=True)
class Doomed:
    """A living post that a deletion names."""

    id: int
    platform: str
    native_id: str
    author_id: str | None
    published_at: int
    told: Deletion


class Erasure:
    """Deletions, and what undoes them."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection
        self._salt: bytes | None = None

    def apply(self, deletions: Iterable[Deletion], *, now: datetime) -> int:
        """Do as each says, in their order; return how many posts were erased."""
        done = 0
        for (act, platform), run in groupby(deletions, self._act):
            while batch := list(islice(run, _CHUNK)):
                done += act(platform, batch, now)
        return done

    def buried(self, platform: str, native_ids: Iterable[str]) -> set[str]:
        """Which of these were deleted before they ever arrived."""
        if self._c.one("select 1 from tombstones where platform = ? limit 1", platform) is None:
            return set()
        digests = {self._digest("post", platform, each): each for each in native_ids}
        found: set[str] = set()
        for part in _parts(list(digests), 500):
            marks = ", ".join("?" * len(part))
            rows = self._c.rows(
                f"select digest from tombstones where platform = ? and digest in ({marks})", platform, *part
            )
            found |= {digests[row[0]] for row in rows}
        return found

    def overdue(self, source: str, before: datetime, *, now: datetime, limit: int) -> int:
        """Erase posts of a source that were last seen before a moment, oldest first; return how many."""
        rows = self._c.rows(
            "select id, platform, native_id, author_id, published_at from mentions"
            " where source = ? and checked_at <= ? and deleted_at is null order by checked_at limit ?",
            source, to_ms(before), limit,
        )  # fmt: skip
        told = [Deletion(platform=row[1], native_id=row[2], reason=NOT_REFRESHED) for row in rows]
        return self._bury([_doomed(row, gone) for row, gone in zip(rows, told, strict=True)], now)

    def written_by(self, platform: str, who: str) -> list[str]:
        """Ids of the living posts of an author, by the platform's id or by handle, whatever its case."""
        rows = self._c.rows(
            "select native_id from mentions where platform = ? and deleted_at is null"
            " and (author_id = ? or author = ? collate nocase)",
            platform, who, who.removeprefix("@"),
        )  # fmt: skip
        return [row[0] for row in rows]

    def _act(self, gone: Deletion) -> tuple[Callable[[str, list[Deletion], datetime], int], str]:
        if gone.restored:
            return (self._restore, gone.platform)
        return (self._by_author if gone.native_id is None else self._by_id, gone.platform)

    def _by_id(self, platform: str, batch: list[Deletion], now: datetime) -> int:
        told = {writable.text(gone.native_id): gone for gone in batch if gone.native_id is not None}
        rows = self._c.rows(
            "select id, platform, native_id, author_id, published_at, deleted_at from mentions"
            " where platform = ? and native_id in (select value from json_each(?))",
            platform, json.dumps(list(told)),
        )  # fmt: skip
        self._bury_again([(told[row[2]], row[0]) for row in rows if row[5] is not None])
        self._remember(platform, told, {row[2] for row in rows}, now)
        return self._bury([_doomed(row, told[row[2]]) for row in rows if row[5] is None], now)

    def _by_author(self, platform: str, batch: list[Deletion], now: datetime) -> int:
        told = {writable.text(gone.author_id): gone for gone in batch if gone.author_id is not None}
        rows = self._c.rows(
            "select id, platform, native_id, author_id, published_at from mentions where platform = ?"
            " and deleted_at is null and author_id in (select value from json_each(?))",
            platform, json.dumps(list(told)),
        )  # fmt: skip
        self._c.many(  # what went with the account before, and was not read since it came back, stays away
            "update mentions set restorable = 0 where gone_author = ? and restorable = 1",
            [(self._digest("author", platform, name),) for name in told],
        )
        return self._bury([_doomed(row, told[row[3]]) for row in rows], now)

    def _restore(self, platform: str, batch: list[Deletion], now: datetime) -> int:
        """Nothing comes back by itself: the next reading of a post may fill its tombstone."""
        ids = [writable.text(gone.native_id) for gone in batch if gone.native_id is not None]
        self._c.execute(
            "update mentions set restorable = 1 where platform = ? and native_id in (select value from json_each(?))"
            " and deleted_at is not null and gone_because is not ?",
            platform, json.dumps(ids), ASKED,
        )  # fmt: skip
        self._c.many(
            "delete from tombstones where platform = ? and digest = ?",
            [(platform, self._digest("post", platform, each)) for each in ids],
        )
        authors = [writable.text(gone.author_id) for gone in batch if gone.native_id is None and gone.author_id]
        self._c.many(
            "update mentions set restorable = 1 where gone_author = ?",
            [(self._digest("author", platform, each),) for each in authors],
        )
        return 0

    def _bury(self, doomed: Sequence[Doomed], now: datetime) -> int:
        if not doomed:
            return 0
        erased = to_ms(now)
        self._c.many(
            _ERASE,
            [
                (
                    min(to_ms(each.told.deleted_at or now), erased), erased, each.told.reason,
                    int(each.told.reason == NOT_REFRESHED), self._owner(each), each.id,
                )
                for each in doomed
            ],
        )  # fmt: skip
        ids = json.dumps([each.id for each in doomed])
        among = "mention_id in (select value from json_each(?))"
        self._c.execute(f"update targets set pending = 0, slices = null where {among}", ids)
        self._c.execute(f"update quarantine set reason = 'deleted' where {among}", ids)
        forget_quotes(self._c, doomed)
        self._c.owe()
        return len(doomed)

    def _bury_again(self, known: Sequence[tuple[Deletion, int]]) -> None:
        """A tombstone that might have been filled again is final now; what its author asked for stands anyway."""
        self._c.many(
            "update mentions set restorable = 0, gone_because = ?, gone_author = iif(?, gone_author, null)"
            " where id = ? and gone_because is not ?",
            [(gone.reason, gone.reason in UNDOABLE, number, ASKED) for gone, number in known],
        )

    def _owner(self, each: Doomed) -> bytes | None:
        if each.told.reason not in UNDOABLE or each.author_id is None:
            return None
        return self._digest("author", each.platform, each.author_id)

    def _remember(self, platform: str, told: Mapping[str, Deletion], stored: set[str], now: datetime) -> None:
        moment = to_ms(now)
        self._c.many(
            "insert or ignore into tombstones (platform, digest, deleted_at, told_at, reason) values (?, ?, ?, ?, ?)",
            [
                (platform, self._digest("post", platform, name), to_ms(gone.deleted_at or now), moment, gone.reason)
                for name, gone in told.items()
                if name not in stored
            ],
        )

    def _digest(self, what: str, platform: str, name: str) -> bytes:
        if self._salt is None:
            self._salt = bytes(self._c.rows("select salt from salts where purpose = 'tombstones'")[0][0])
        return blake2b(
            f"{platform}\0{name}".encode(), digest_size=_DIGEST, key=self._salt, person=what.encode()
        ).digest()


def _doomed(row: Sequence[Any], told: Deletion) -> Doomed:
    """From the columns id, platform, native_id, author_id, published_at."""
    return Doomed(row[0], row[1], row[2], row[3], row[4], told)


def forget_quotes(connection: Connection, posts: Sequence[Doomed]) -> None:
    """Blank posts wherever an alert or a message quotes them.

    The alert keeps its numbers and its words; the place of the post in it stays as a tombstone.
    """
    gone = {(each.platform, each.native_id) for each in posts}
    since = min(each.published_at for each in posts)  # what was published after an alert, it cannot quote
    for number, text in _naming(connection, {name for _, name in gone}, since):
        record = json.loads(text)
        quotes = [post["mention"] for post in quoted(record) if _key(post["mention"]) in gone]
        for mention in quotes:
            mention |= {"text": "", "url": None, "extra": {}, "conversation_id": None, "in_reply_to": None}
            mention |= {name: None for name in ("quoted", "rating", "region") if name in mention}
            mention["author"] = dict.fromkeys(mention["author"])
        named = [part for part in record.get("parts", ()) if part["native_id"] is not None and _key(part) in gone]
        for part in named:
            part |= {"value": None}
        if quotes or named:
            compact = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
            connection.execute("update alerts set explanation = ? where id = ?", compact, number)
            _withdraw(connection, _messages_of(connection, number), {_key(each) for each in (*quotes, *named)})
    _withdraw(connection, _digests(connection, gone, since), gone)


def quoted(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The posts that a stored explanation quotes: those that were seen most, and the typical ones."""
    return [*record["top_posts"], *record.get("typical_posts", ())]


def _naming(connection: Connection, names: set[str], since: int) -> list[tuple[int, str]]:
    """Alerts that say any of these ids, as (id, explanation). Few are searched for, many are looked up."""
    written = [json.dumps(name, ensure_ascii=False) for name in names]
    if len(written) <= _FEW:
        return connection.rows(
            "select id, explanation from alerts where at >= ?"
            " and exists (select 1 from json_each(?) where instr(explanation, value) > 0)",
            since, json.dumps([_SAID + each for each in written]),
        )  # fmt: skip
    wanted = frozenset(written)
    said = connection.stream("select id, explanation from alerts where at >= ?", since)
    return [(number, text) for number, text in said if not wanted.isdisjoint(_NAMES.findall(text))]


def _messages_of(connection: Connection, alert_id: int) -> list[tuple[int, str]]:
    """What was, or is to be, told of an alert, as (id, message)."""
    return connection.rows(
        "select id, message from outbox where alert_id = ?1"
        " or id in (select outbox_id from notices where alert_id = ?1)",
        alert_id,
    )


def _digests(connection: Connection, gone: Set[tuple[Any, Any]], since: int) -> list[tuple[int, str]]:
    """Digests that quote one of these posts: they belong to no alert, so they are found by what they quote."""
    return connection.rows(
        "select id, message from outbox where kind = 'digest' and queued_at >= ?1 and exists"
        " (select 1 from json_each(message, '$.facts.back') where (value ->> 'platform', value ->> 'id') in"
        " (select value ->> 0, value ->> 1 from json_each(?2)))",
        since, json.dumps(list(gone)),
    )  # fmt: skip


def _withdraw(connection: Connection, messages: Iterable[tuple[int, str]], gone: Set[tuple[Any, Any]]) -> None:
    """A rendered text cannot be mended word by word: it goes as a whole, and the title says what there was."""
    for number, text in messages:
        message = json.loads(text)
        message |= {"body": WITHDRAWN, "facts": _without(message["facts"], gone)}
        connection.execute("update outbox set message = ? where id = ?", json.dumps(message), number)


def _without(facts: Any, gone: Set[tuple[Any, Any]]) -> Any:
    """A message's facts, however deep, without these posts, and without the names of those who wrote them."""
    if isinstance(facts, list):
        left = (
            each for each in facts if not (isinstance(each, dict) and (each.get("platform"), each.get("id")) in gone)
        )
        return [_without(each, gone) for each in left]
    if not isinstance(facts, dict):
        return facts
    named = "value" in facts and (facts.get("platform"), facts.get("native_id")) in gone
    return {name: _without(each, gone) for name, each in facts.items()} | ({"value": None} if named else {})


def _key(mention: Mapping[str, Any]) -> tuple[Any, Any]:
    return (mention["platform"], mention["native_id"])


def _parts(values: list[bytes], size: int) -> Iterator[list[bytes]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
