"""X's filtered stream: our rules among those of others, and the posts that come in while we listen. Knows no store.

X lets a token listen once, hands out what is posted while it listens and nothing of before, and cuts the line when it
likes. So a poll listens for a bounded time, and what lies between two times of listening is read by search.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tweepy import StreamRule

from monitor import clock
from monitor.collectors._x_client import XClient, XRules, lines_of, parse_line
from monitor.collectors._x_errors import Refusal, problems_of
from monitor.collectors._x_posts import Answer, Json, read_answer, words

Range = tuple[datetime, datetime]
_NOT_DONE = {400, 404, 405}  # a rule that cannot be removed costs money, not posts


@dataclass(frozen=True, slots=True)
class Heard:
    """What came in together, and when."""

    answer: Answer | None  # None: only a sign of life
    at: datetime
    others: int = 0  # posts for other rules, which are billed and passed over


class Rules:
    """The rules of one source, known by their tag; those of others are left alone."""

    def __init__(self, client: XClient, tag: str) -> None:
        self._api = XRules(client)
        self._tag = tag
        self._ids: set[str] = set()  # of rules that say what ours say

    def agree(self, texts: tuple[str, ...]) -> None:
        """Make ours say exactly this. Raises Refusal, OSError, and ValueError for a rule that X does not take."""
        found = _rows(self._api.get_rules())
        self._ids = {str(rule.get("id")) for rule in found if rule.get("value") in texts}
        ours = {str(rule.get("value")): str(rule.get("id")) for rule in found if rule.get("tag") == self._tag}
        if old := [ident for text, ident in ours.items() if text not in texts]:
            self._remove(old)
        if new := [text for text in texts if text not in ours]:
            self._add(new)

    def _remove(self, ids: list[str]) -> None:
        try:
            self._api.delete_rules(ids)
        except Refusal as refusal:
            if refusal.status not in _NOT_DONE:
                raise

    def _add(self, texts: list[str]) -> None:
        document = self._api.add_rules([StreamRule(value=text, tag=self._tag) for text in texts])
        self._ids |= {str(rule.get("id")) for rule in _rows(document)}
        for problem in problems_of(document):
            if problem.get("title") != "DuplicateRule":  # somebody else's says the same
                raise ValueError(f"a rule is not taken: {words(problem)}")
            self._ids.add(str(problem.get("id")))

    def let_through(self, document: Json) -> bool:
        """Whether a post came because of our rules, as far as X says."""
        matched = document.get("matching_rules")
        if not isinstance(matched, list):
            return True
        return any(
            isinstance(rule, dict) and (rule.get("tag") == self._tag or str(rule.get("id")) in self._ids)
            for rule in matched
        )


def listen(response: Any, rules: Rules, *, now: datetime, began: float, seconds: float) -> Iterator[Heard]:
    """What comes in until the time is up or the line breaks. Closes the response.

    It was `now` when the monotonic clock said `began`.
    """
    end = threading.Timer(seconds, _hang_up, [response])
    end.daemon = True
    end.start()
    try:
        for lines in lines_of(response):
            at = now + timedelta(seconds=time.monotonic() - began)
            yield _read(lines, rules, at)
    finally:
        end.cancel()
        response.close()


def _hang_up(response: Any) -> None:
    with suppress(OSError, ValueError, AttributeError):  # it is closed already
        response.raw.shutdown()


def _read(lines: list[bytes], rules: Rules, at: datetime) -> Heard:
    posts: list[Any] = []
    users: list[Any] = []
    problems: list[Json] = []
    others = 0
    for line in lines:
        try:
            document = parse_line(line) or {}
        except ValueError as error:
            problems.append({"detail": f"a line of the stream cannot be read ({error})"})
            continue
        problems += problems_of(document)
        if not isinstance(document.get("data"), dict):
            continue
        if rules.let_through(document):
            posts.append(document["data"])
            users += _users(document)
        else:
            others += 1
    if not posts and not problems and not others:
        return Heard(None, at)
    told = {"data": posts, "includes": {"users": users}, "errors": problems}
    return Heard(read_answer(told, at), at, others)


def _users(document: Json) -> list[Any]:
    includes = document.get("includes")
    users = includes.get("users") if isinstance(includes, dict) else None
    return users if isinstance(users, list) else []


def _rows(document: Json) -> list[Json]:
    rows = document.get("data")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


@dataclass(slots=True)
class Ear:
    """What is covered by now, by search or by listening; the rest are holes. Can be kept in a cursor."""

    covered: datetime | None = None  # everything up to here was read, or stands among the holes
    heard: Range | None = None  # and what was listened to since

    @classmethod
    def read(cls, told: object) -> "Ear":
        """As a cursor tells it; a new one where it tells nonsense."""
        known = told if isinstance(told, Mapping) else {}
        try:
            heard = known.get("heard")
            return cls(
                covered=clock.parse(known["covered"]) if "covered" in known else None,
                heard=(clock.parse(heard[0]), clock.parse(heard[1])) if heard else None,
            )
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            return cls()

    def told(self) -> dict[str, Any]:
        """What a cursor must hold."""
        covered = {"covered": clock.iso(self.covered)} if self.covered else {}
        return covered | ({"heard": [clock.iso(moment) for moment in self.heard]} if self.heard else {})

    def holes(self, until: datetime, overlap: timedelta) -> list[Range]:
        """What must be searched now, up to a moment; afterwards it counts as covered."""
        covered, heard = self.covered or until, self.heard
        self.heard = None
        if heard is None or heard[0] + overlap > until:
            self.covered = max(until, covered)
            return [(covered - overlap, until)] if covered < until else []
        self.covered = max(until, heard[1])
        found = [(covered - overlap, heard[0] + overlap), (heard[1] - overlap, until)]
        if found[0][1] >= found[1][0]:
            found = [(found[0][0], max(found[0][1], until))]
        return [(since, end) for since, end in found if since < end]
