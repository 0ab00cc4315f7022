"""Mentions, the brands they are about, and search. One row for each post, however often it is read.

Knows nothing of where a post comes from or how it is scored; a new or edited post is left pending for scoring.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.clock import MILLISECOND, from_ms, to_ms
from monitor.domain import Author, Deletion, Engagement, Mention
from monitor.store import writable
from monitor.store.database import Connection
from monitor.store.erasure import ASKED, Erasure

_COLUMNS = (
    "id, platform, native_id, source, text, url, lang, author_id, author, followers, likes, replies, reposts, quotes,"
    " views, conversation_id, in_reply_to, extra, published_at, collected_at, edited_at, quoted, rating, checked_at,"
    " region"
)
_INSERT = f"insert into mentions ({_COLUMNS}) values ({', '.join('?' * 25)})"
# What a later reading may tell better; of each, what it does not tell stays as it is.
_FACTS = (
    "url", "lang", "author_id", "author", "followers", "likes", "replies", "reposts", "quotes", "views",
    "conversation_id", "in_reply_to", "quoted", "rating", "region", "edited_at",
)  # fmt: skip
_JUDGED = ("text", "rating")  # what a score is of
_ALIVE = {"deleted_at": None, "erased_at": None, "gone_because": None, "restorable": 0, "gone_author": None}
_KNOWN = ", ".join(("id", "text", "extra", "published_at", "collected_at", "checked_at", "deleted_at", "restorable",
                    *_FACTS))  # fmt: skip
SEEN_AGAIN = timedelta(hours=1)  # so exact is the time at which a post was seen last
_TARGET = "insert or ignore into targets (mention_id, brand, published_at, collected_at) values (?, ?, ?, ?)"
READ = (
    "m.platform, m.native_id, m.text, m.url, m.lang, m.author_id, m.author, m.followers, m.likes, m.replies, m.reposts,"
    " m.quotes, m.views, m.conversation_id, m.in_reply_to, m.extra, m.published_at, m.collected_at, m.edited_at,"
    " m.quoted, m.rating, m.region"
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
        self._erasure = Erasure(connection)

    def upsert(
        self,
        mentions: Sequence[Mention],
        brands: Sequence[tuple[str, ...]],
        *,
        source: str,
        now: datetime,
        only_known: bool = False,
    ) -> Upsert:
        """Store posts with the brands they are about (none: the brand ""). Reading again never doubles.

        A post whose text changed is kept as it is now, and waits to be scored again. A deleted one stays deleted, also
        where its deletion came first, unless its platform shows it again. `only_known`: what is not stored stays out.
        """
        fresh = _each_once(zip(map(writable.mention, mentions), brands, strict=True))
        known = self._known(fresh)
        new = [] if only_known else self._wanted([pair for key, pair in fresh.items() if key not in known])
        self._add(new, source, to_ms(now))
        edited = 0
        for key, row in known.items():
            mention, about = fresh[key]
            edited += self._refresh(row, mention, about, to_ms(now))
        return Upsert(len(new), edited, len(mentions) - len(new) - edited)

    def delete(self, deletions: Iterable[Deletion], *, now: datetime) -> int:
        """Do as platforms say of their posts, in this order; return how many posts were erased.

        Each leaves a tombstone: its counts stay, its text and author go. What may be shown again is marked so, and
        comes back when it is read again; so call this with the restored ones before their page's posts are stored.
        """
        return self._erasure.apply(deletions, now=now)

    def delete_overdue(self, source: str, before: datetime, *, now: datetime, limit: int = 500) -> int:
        """Erase a source's posts that were last seen before a moment, the oldest first; return how many."""
        return self._erasure.overdue(source, before, now=now, limit=limit)

    def forget(self, platform: str, *, author: str | None = None, native_id: str | None = None, now: datetime) -> int:
        """Erase a post, or all posts of an author (an id or a handle), because a person asks; nothing restores them."""
        found = [native_id] if native_id is not None else self._erasure.written_by(platform, author or "")
        return self.delete([Deletion(platform=platform, native_id=each, reason=ASKED) for each in found], now=now)

    def count(self) -> int:
        """How many posts there are, tombstones among them."""
        return int(self._c.rows("select count(*) from mentions")[0][0])

    def known_keys(self, keys: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of these keys (platform, native_id) under which a post is stored, or its tombstone."""
        by_platform: dict[str, list[str]] = {}
        for platform, native_id in keys:
            by_platform.setdefault(platform, []).append(native_id)
        return {
            (platform, row[0])
            for platform, ids in by_platform.items()
            for row in self._c.rows(
                "select native_id from mentions where platform = ? and native_id in (select value from json_each(?))",
                platform, json.dumps(ids),
            )
        }  # fmt: skip

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
                f"select native_id, {_KNOWN} from mentions"
                " where platform = ? and native_id in (select value from json_each(?))",
                platform, json.dumps(ids),
            )  # fmt: skip
            found.update({(platform, row[0]): row[1:] for row in rows})
        return found

    def _wanted(self, new: list[tuple[Mention, tuple[str, ...]]]) -> list[tuple[Mention, tuple[str, ...]]]:
        """New posts without those whose deletion was told before they came."""
        ids: dict[str, list[str]] = {}
        for mention, _ in new:
            ids.setdefault(mention.platform, []).append(mention.native_id)
        buried = {(platform, name) for platform, names in ids.items() for name in self._erasure.buried(platform, names)}
        return [pair for pair in new if pair[0].key not in buried] if buried else new

    def _add(self, new: Sequence[tuple[Mention, tuple[str, ...]]], source: str, now: int) -> None:
        first = int(self._c.rows("select coalesce(max(id), 0) + 1 from mentions")[0][0])
        rows: list[tuple[Any, ...]] = []
        targets: list[tuple[Any, ...]] = []
        for number, (mention, about) in enumerate(new, first):
            known = to_ms(mention.known_at) if mention.known_at else now
            row = _row(number, mention, source, known, now)
            rows.append(row)
            targets.extend((number, brand, row[18], known) for brand in about or ("",))
        self._c.many(_INSERT, rows)
        self._c.many(_TARGET, targets)

    def _refresh(self, row: tuple[Any, ...], mention: Mention, about: tuple[str, ...], now: int) -> int:
        """Bring a known post up to date; return 1 when its text or stars changed, or came back."""
        number, text, extra, published, collected, checked, deleted_at, restorable, *before = row
        if deleted_at is not None and not restorable:
            return 0
        told = _told(mention)
        facts = zip(_FACTS, told, before, strict=True)
        changes = {name: new for name, new, old in facts if new is not None and new != old}
        if mention.extra and (merged := _merged(extra, mention.extra)) != extra:
            changes["extra"] = merged
        if text != mention.text:
            changes["text"] = mention.text
            if deleted_at is None:
                changes.setdefault("edited_at", told[-1] or now)
        if deleted_at is not None:
            changes |= _ALIVE
            self._c.execute("delete from quarantine where mention_id = ?", number)
        if changes or checked is None or now - checked >= SEEN_AGAIN // MILLISECOND:
            self._change(number, changes | {"checked_at": now})
        self._c.many(_TARGET, [(number, brand, published, max(collected, now)) for brand in about])
        if "text" in changes:
            self._c.owe()  # what it said before
        if waits := not changes.keys().isdisjoint(_JUDGED):
            self._pend(number)
        return int(waits)

    def _pend(self, number: int) -> None:
        """Leave a post waiting for a score of its present text and stars."""
        self._c.execute(
            "update targets set pending = case when label is null then 1 else 2 end where mention_id = ?", number
        )

    def _change(self, number: int, values: Mapping[str, object]) -> None:
        names = ", ".join(f"{name} = ?" for name in values)
        self._c.execute(f"update mentions set {names} where id = ?", *values.values(), number)


def _each_once(
    pairs: Iterable[tuple[Mention, tuple[str, ...]]],
) -> dict[tuple[str, str], tuple[Mention, tuple[str, ...]]]:
    """Each post once, as it came last, with every brand that any of its rows names."""
    found: dict[tuple[str, str], tuple[Mention, tuple[str, ...]]] = {}
    for mention, about in pairs:
        before = found[mention.key][1] if mention.key in found else ()
        found[mention.key] = (mention, tuple(dict.fromkeys((*before, *about))))
    return found


def _row(number: int, mention: Mention, source: str, known: int, now: int) -> tuple[Any, ...]:
    author, seen = mention.author, mention.engagement
    return (
        number, mention.platform, mention.native_id, source, mention.text, mention.url, mention.lang,
        author.native_id, author.handle, author.followers, seen.likes, seen.replies, seen.reposts, seen.quotes,
        seen.views, mention.conversation_id, mention.in_reply_to,
        json.dumps(dict(mention.extra), default=str) if mention.extra else "{}",
        to_ms(mention.published_at), known, to_ms(mention.edited_at) if mention.edited_at else None,
        mention.quoted, mention.rating, now, mention.region,
    )  # fmt: skip


def _told(mention: Mention) -> tuple[Any, ...]:
    """What a reading says of _FACTS."""
    author, seen = mention.author, mention.engagement
    return (
        mention.url, mention.lang, author.native_id, author.handle, author.followers, seen.likes, seen.replies,
        seen.reposts, seen.quotes, seen.views, mention.conversation_id, mention.in_reply_to, mention.quoted,
        mention.rating, mention.region, to_ms(mention.edited_at) if mention.edited_at else None,
    )  # fmt: skip


def _merged(before: str, new: Mapping[str, object]) -> str:
    """Fields of two readings together, the later one's word on each that both tell."""
    text = json.dumps(dict(new), default=str)
    return text if text == before else json.dumps(json.loads(before) | json.loads(text))


def mention_of(row: Sequence[Any]) -> Mention:
    """A mention from the columns of READ."""
    return Mention(
        platform=row[0], native_id=row[1], text=row[2], url=row[3], lang=row[4],
        author=Author(native_id=row[5], handle=row[6], followers=row[7]),
        engagement=Engagement(likes=row[8], replies=row[9], reposts=row[10], quotes=row[11], views=row[12]),
        conversation_id=row[13], in_reply_to=row[14], extra=json.loads(row[15]),
        published_at=from_ms(row[16]), known_at=from_ms(row[17]), edited_at=from_ms(row[18]) if row[18] else None,
        quoted=row[19], rating=row[20], region=row[21],
    )  # fmt: skip
