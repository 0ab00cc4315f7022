"""A small platform whose whole history is drawn from a seed: posts, ties, copies, edits, deletions, an archive.

What it answers at a moment follows from that moment alone, so that a run that was killed asks the same again.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from monitor.domain import Author, Coverage, Cursor, Deletion, Engagement, Mention, Page, Query, Reject, Terms
from monitor.errors import SourceDown
from tests.support.fakes import START, NoOptions

__all__ = ["START"]

TICK = timedelta(minutes=5)
PAGE, OVERLAP = 6, 4  # events
_BRANDS = ("Nimbus", "Cirrus", "Nimbus and Cirrus", "something else")
_WORDS = ("bad", "good", "fine", "odd", "old", "new")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on the platform."""

    at: datetime
    kind: Literal["post", "edit", "delete"]
    native_id: str
    text: str = ""
    author: str = ""
    published_at: datetime = START


def moment(tick: int) -> datetime:
    """When a tick of the program happens."""
    return START + TICK * (tick + 1)


def live_events(seed: int, ticks: int) -> list[Event]:
    """Everything that happens while the program runs, in order."""
    rng = random.Random(f"{seed} live")
    events: list[Event] = []
    for tick in range(ticks):
        for number in range(rng.randint(1, 6) + (12 if in_crisis(tick, ticks) else 0)):
            events += _life(rng, f"{tick}-{number}", tick, ticks)
    return sorted(events, key=lambda event: (event.at, event.native_id, event.kind == "delete"))


def in_crisis(tick: int, ticks: int) -> bool:
    """Whether many are unhappy at that time."""
    return ticks // 2 <= tick < ticks // 2 + 4


def _life(rng: random.Random, name: str, tick: int, ticks: int) -> Iterator[Event]:
    at = START + TICK * tick + timedelta(seconds=20 * rng.randint(0, 14))  # a coarse grid: many ties
    crisis = in_crisis(tick, ticks)
    text, who = _text(rng, crisis), f"author-{rng.randint(0, 200 if crisis else 12)}"
    yield Event(at, "post", name, text, who, at)
    if rng.random() < 0.15:
        later = at + TICK * rng.randint(0, 3) + timedelta(seconds=1)
        yield Event(later, "edit", name, _text(rng, crisis), who, at)
    if rng.random() < 0.1:
        yield Event(at + TICK * rng.randint(0, 4) + timedelta(seconds=2), "delete", name)


def _text(rng: random.Random, crisis: bool) -> str:
    word = "bad" if crisis and rng.random() < 0.8 else rng.choice(_WORDS)
    if rng.random() < 0.1:
        return f"{rng.choice(_BRANDS)} is {word}, and this is what everybody copies today"
    return f"{rng.choice(_BRANDS)} is {word}, says number {rng.randint(0, 999)}"


def archive_events(seed: int, ticks: int) -> list[Event]:
    """Posts of the day before, which appear while the program runs; some are on the live list too."""
    rng = random.Random(f"{seed} archive")
    shared = [event for event in live_events(seed, ticks) if event.kind == "post"]
    events = []
    for number in range(3 * ticks):
        old = START - timedelta(days=1) + timedelta(seconds=rng.randint(0, 86_400))
        released = START + TICK * rng.randint(1, ticks - 1)
        events.append(Event(released, "post", f"old-{number}", _text(rng, crisis=False), f"author-{number % 9}", old))
    events += [Event(event.at + TICK, "post", event.native_id) for event in rng.sample(shared, len(shared) // 5)]
    return sorted(events, key=lambda event: (event.at, event.native_id))


class Platform:
    """A collector of the small platform; the cursor is a place in its list of events, re-read with an overlap."""

    kind: ClassVar[str] = "x"
    Options: ClassVar[type[NoOptions]] = NoOptions

    def __init__(self, name: str, events: list[Event], posts: dict[str, list[Event]], *, fails_every: int = 0) -> None:
        self.name, self._events, self._posts, self._fails_every = name, events, posts, fails_every

    def pages(self, query: Query, since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        fails = self._fails_every and ((now - START) // TICK) % self._fails_every == 0
        # A poll that fails comes equally far however often it is tried.
        end = sum(event.at <= (now - TICK / 2 if fails else now) for event in self._events)
        place = max(0, int(since.value) - OVERLAP) if since else 0
        while place < end:
            until = min(place + PAGE, end)
            yield self._page(self._events[place:until], until, now)
            place = until
        if fails:
            raise SourceDown(f"{self.name}: does not answer. The next poll may succeed.")

    def _page(self, events: list[Event], until: int, now: datetime) -> Page:
        deleted = [event for event in events if event.kind == "delete"]
        living = {event.native_id for event in events if event.kind != "delete"}
        versions = [self._version(name, now) for name in sorted(living)]
        return Page(
            mentions=tuple(mention for mention in versions if mention is not None),
            deletions=tuple(
                Deletion(platform="x", native_id=event.native_id, deleted_at=event.at) for event in deleted
            ),
            rejects=tuple(
                Reject(line=None, reason="no text", raw=event.native_id)
                for event in events
                if event.native_id.endswith("-3")
            ),
            cursor=Cursor(str(until)),
            coverage=Coverage(asked=PAGE, returned=len(events)),
        )

    def _version(self, name: str, now: datetime) -> Mention | None:
        """A post as it is now; None when it was deleted."""
        life = [event for event in self._posts[name] if event.at <= now]
        if not life or any(event.kind == "delete" for event in life):
            return None
        last = life[-1]
        return Mention(
            platform="x", native_id=name, text=last.text, published_at=last.published_at,
            author=Author(handle=last.author), edited_at=last.at if last.kind == "edit" else None,
            engagement=Engagement(likes=((now - START) // TICK) % 7),
        )  # fmt: skip


class Archive(Platform):
    """The same, for old posts, which can be asked about: some are gone after an hour, and of some it never says."""

    recheck_every, recheck_batch = timedelta(minutes=30), 5
    terms = Terms(keep=timedelta(minutes=80))

    def recheck(self, ids: tuple[str, ...], since: Cursor | None, *, now: datetime) -> Iterator[Page]:
        told = [name for name in ids if hash_of(name) % 7]
        gone = {name for name in told if hash_of(name) % 5 == 0 and now >= START + 12 * TICK}
        for half in (told[::2], told[1::2]):
            versions = [self._version(name, now) for name in half if name not in gone]
            yield Page(
                mentions=tuple(mention for mention in versions if mention is not None),
                deletions=tuple(
                    Deletion(platform="x", native_id=name, deleted_at=START + 12 * TICK)
                    for name in half
                    if name in gone
                ),
                checked=tuple(half),
                cursor=Cursor(str(len(half))),
                coverage=Coverage(asked=len(half)),
            )


def collectors(seed: int, ticks: int) -> list[Platform]:
    """The three sources: one that is read live, one that fails now and then, one that brings old posts."""
    live, archive = live_events(seed, ticks), archive_events(seed, ticks)
    posts: dict[str, list[Event]] = {}
    for event in (*live, *(event for event in archive if event.text)):
        posts.setdefault(event.native_id, []).append(event)
    half = [event for event in live if hash_of(event.native_id) % 2]
    return [
        Platform("live", live, posts),
        Platform("shaky", half, posts, fails_every=5),
        Archive("archive", archive, posts),
    ]


def hash_of(name: str) -> int:
    """A number that is the same in every process."""
    return sum(name.encode())
