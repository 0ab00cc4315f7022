"""Mentions, the brands they are about, and search. One row for each post, however often it is read.

Knows nothing of where a post comes from or how it is scored; a new or edited post is left pending for scoring.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.clock import from_ms, to_ms
from monitor.domain import Author, Deletion, Engagement, Mention
from monitor.store import writable
from monitor.store.database import Connection
from monitor.store.erasure import forget_quotes

_COLUMNS = (
    "id, platform, native_id, source, text, url, lang, author_id, author, followers, likes, replies, reposts, quotes,"
    " views, conversation_id, in_reply_to, extra, published_at, collected_at, edited_at"
)
_INSERT = f"insert into mentions ({_COLUMNS}) values ({', '.join('?' * 21)})"
_TARGET = "insert or ignore into targets (mention_id, brand, published_at, collected_at) values (?, ?, ?, ?)"
READ = (
    "m.platform, m.native_id, m.text, m.url, m.lang, m.author_id, m.author, m.followers, m.likes, m.replies, m.reposts,"
    " m.quotes, m.views, m.conversation_id, m.in_reply_to, m.extra, m.published_at, m.collected_at, m.edited_at"
)


@dataclass(frozen=True, slots=True)
class Upsert:
    """What storing a page did."""

    added: int = 0
    edited: int = 0
    repeated: int = 0


class Mentions:
    """The posts."""

    def __init__(self, connection: Connection) -> None:
        self._c = connection

    def upsert(
        self, mentions: Sequence[Mention], brands: Sequence[tuple[str, ...]], *, source: str, now: datetime
    ) -> Upsert:
        """Store posts with the brands they are about (none: the brand ""). Reading again never doubles.

        A post whose text changed is kept as it is now, and waits to be scored again; a deleted one stays deleted.
        """
        fresh = _each_once(zip(map(writable.mention, mentions), brands, strict=True))
        known = self._known(fresh)
        new = [pair for key, pair in fresh.items() if key not in known]
        self._add(new, source, to_ms(now))
        edited = 0
        for key, row in known.items():
            mention, about = fresh[key]
            edited += self._refresh(row, mention, about, to_ms(now))
        return Upsert(len(new), edited, len(mentions) - len(new) - edited)

    def delete(self, deletions: Iterable[Deletion], *, now: datetime) -> int:
        """Leave a tombstone of each: its counts stay, its text and author go."""
        return sum(self._bury(gone, to_ms(gone.deleted_at or now)) for gone in deletions)

    def _bury(self, gone: Deletion, at: int) -> int:
        found = self._c.one(
            "update mentions set text = '', url = null, author_id = null, author = null, followers = null,"
            " extra = '{}', conversation_id = null, in_reply_to = null, deleted_at = ?"
            " where platform = ? and native_id = ? and deleted_at is null returning id",
            at, gone.platform, writable.text(gone.native_id),
        )  # fmt: skip
        if found is None:
            return 0
        self._c.execute("update targets set pending = 0 where mention_id = ? and pending > 0", found[0])
        self._c.execute("update quarantine set reason = 'deleted' where mention_id = ?", found[0])
        forget_quotes(self._c, gone.platform, writable.text(gone.native_id))
        return 1

    def count(self) -> int:
        """How many posts there are, tombstones among them."""
        return int(self._c.rows("select count(*) from mentions")[0][0])

    def search(self, words: str, *, limit: int = 50) -> list[Mention]:
        """The newest posts that hold every word, whatever characters the words are made of."""
        tokens = re.findall(r"\S+", writable.text(words).replace("\0", " "))
        if not tokens:
            return []
        match = " ".join('"' + token.replace('"', '""') + '"' for token in tokens)
        found = self._c.rows(
            f"select {READ} from mentions m where m.id in"
            " (select rowid from mentions_fts where mentions_fts match ? order by rowid desc limit ?)"
            " order by m.published_at desc",
            match, limit,
        )  # fmt: skip
        return [mention_of(row) for row in found]

    def _known(self, keys: Mapping[tuple[str, str], object]) -> dict[tuple[str, str], tuple[Any, ...]]:
        by_platform: dict[str, list[str]] = {}
        for platform, native_id in keys:
            by_platform.setdefault(platform, []).append(native_id)
        found: dict[tuple[str, str], tuple[Any, ...]] = {}
        for platform, ids in by_platform.items():
            rows = self._c.rows(
                "select native_id, id, text, deleted_at, likes, replies, reposts, quotes, views, published_at,"
                " collected_at from mentions where platform = ? and native_id in (select value from json_each(?))",
                platform, json.dumps(ids),
            )  # fmt: skip
            found.update({(platform, row[0]): row[1:] for row in rows})
        return found

    def _add(self, new: Sequence[tuple[Mention, tuple[str, ...]]], source: str, now: int) -> None:
        first = int(self._c.rows("select coalesce(max(id), 0) + 1 from mentions")[0][0])
        rows: list[tuple[Any, ...]] = []
        targets: list[tuple[Any, ...]] = []
        for number, (mention, about) in enumerate(new, first):
            known = to_ms(mention.known_at) if mention.known_at else now
            row = _row(number, mention, source, known)
            rows.append(row)
            targets.extend((number, brand, row[18], known) for brand in about or ("",))
        self._c.many(_INSERT, rows)
        self._c.many(_TARGET, targets)

    def _refresh(self, row: tuple[Any, ...], mention: Mention, about: tuple[str, ...], now: int) -> int:
        """Bring a known post up to date; return 1 when its text changed."""
        number, text, deleted_at, *counts, published, collected = row
        if deleted_at is not None:
            return 0
        seen = mention.engagement
        fresh = (seen.likes, seen.replies, seen.reposts, seen.quotes, seen.views)
        merged = [old if new is None else new for new, old in zip(fresh, counts, strict=True)]
        if merged != counts:
            self._c.execute(
                "update mentions set likes = ?, replies = ?, reposts = ?, quotes = ?, views = ? where id = ?",
                *merged,
                number,
            )
        self._c.many(_TARGET, [(number, brand, published, max(collected, now)) for brand in about])
        if text == mention.text:
            return 0
        edited = to_ms(mention.edited_at) if mention.edited_at else now
        self._c.execute("update mentions set text = ?, edited_at = ? where id = ?", mention.text, edited, number)
        self._c.execute(
            "update targets set pending = case when label is null then 1 else 2 end where mention_id = ?", number
        )
        return 1


def _each_once(
    pairs: Iterable[tuple[Mention, tuple[str, ...]]],
) -> dict[tuple[str, str], tuple[Mention, tuple[str, ...]]]:
    """Each post once, as it came last, with every brand that any of its rows names."""
    found: dict[tuple[str, str], tuple[Mention, tuple[str, ...]]] = {}
    for mention, about in pairs:
        before = found[mention.key][1] if mention.key in found else ()
        found[mention.key] = (mention, tuple(dict.fromkeys((*before, *about))))
    return found


def _row(number: int, mention: Mention, source: str, known: int) -> tuple[Any, ...]:
    author, seen = mention.author, mention.engagement
    return (
        number, mention.platform, mention.native_id, source, mention.text, mention.url, mention.lang,
        author.native_id, author.handle, author.followers, seen.likes, seen.replies, seen.reposts, seen.quotes,
        seen.views, mention.conversation_id, mention.in_reply_to,
        json.dumps(dict(mention.extra), default=str) if mention.extra else "{}",
        to_ms(mention.published_at), known, to_ms(mention.edited_at) if mention.edited_at else None,
    )  # fmt: skip


def mention_of(row: Sequence[Any]) -> Mention:
    """A mention from the columns of READ."""
    return Mention(
        platform=row[0], native_id=row[1], text=row[2], url=row[3], lang=row[4],
        author=Author(native_id=row[5], handle=row[6], followers=row[7]),
        engagement=Engagement(likes=row[8], replies=row[9], reposts=row[10], quotes=row[11], views=row[12]),
        conversation_id=row[13], in_reply_to=row[14], extra=json.loads(row[15]),
        published_at=from_ms(row[16]), known_at=from_ms(row[17]), edited_at=from_ms(row[18]) if row[18] else None,
    )  # fmt: skip
