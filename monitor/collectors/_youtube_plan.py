"""What to ask YouTube next, and whether the day's quota still pays for it. Pure: knows no network and no store.

Two quotas, both counted anew from midnight Pacific time: calls of search.list (100 a day unless more was granted), and
units for everything else (10,000). Units are spent evenly over the day, an hour's worth ahead at most, so that a busy
morning does not leave the evening blind. A video is read the more rarely, the longer nothing happened under it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from monitor import clock
from monitor.collectors._fields import part
from monitor.collectors._newest_first import Reading

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SHUT = timedelta(days=7)  # so long a video is left alone after it could not be read
MAX_REPLIES = 300  # threads of which it is remembered how many replies were read
VIDEO, CHANNEL = "videoId", "allThreadsRelatedToChannelId"  # as the API calls the two kinds of places


def until_reset(now: datetime) -> timedelta:
    """How long the day's quota still lasts: until midnight Pacific time, and never more than a day.

    >>> until_reset(clock.parse("2026-03-11T12:00:00Z")), until_reset(clock.parse("2026-01-15T07:59:00Z"))
    (datetime.timedelta(seconds=68400), datetime.timedelta(seconds=60))
    """
    start = _day_start(now, days=1)
    return min(start - now, DAY)


def _day_start(now: datetime, days: int = 0) -> datetime:
    zone = ZoneInfo("America/Los_Angeles")
    day = now.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(clock.EPOCH.tzinfo)


@dataclass(slots=True)
class Budget:
    """What was spent since midnight, and what there is."""

    units_a_day: int
    searches_a_day: int
    day: str
    units: int = 0
    searches: int = 0

    @classmethod
    def read(cls, told: object, units_a_day: int, searches_a_day: int, now: datetime) -> "Budget":
        """What a cursor says was spent today; nothing where it speaks of another day."""
        day = clock.iso(_day_start(now))
        known = told if isinstance(told, dict) and told.get("day") == day else {}
        spent = {name: known[name] for name in ("units", "searches") if type(known.get(name)) is int}
        return cls(units_a_day, searches_a_day, day, **spent)

    def told(self) -> dict[str, Any]:
        """What a cursor must hold."""
        return {"day": self.day, "units": self.units, "searches": self.searches}

    @property
    def spent(self) -> bool:
        """Whether the day's units are gone."""
        return self.units >= self.units_a_day

    def may_spend(self, now: datetime) -> bool:
        """Whether one more unit keeps the day's pace."""
        part_of_day = min((now - clock.parse(self.day) + HOUR) / DAY, 1.0)
        return self.units + 1 <= self.units_a_day * part_of_day

    def may_search(self, units: int) -> bool:
        """Whether one more search is paid for, which also costs so many units."""
        return self.searches < self.searches_a_day and self.units + units <= self.units_a_day


@dataclass(slots=True)
class Place:
    """Where comments stand: a video, or all of a channel. Times are milliseconds since 1970."""

    reading: Reading = field(default_factory=Reading)
    read_at: int | None = None  # when it was last read to the end
    active: int | None = None  # newest sign of life: its publication, or its newest thread
    shut: int | None = None  # since when it cannot be read

    @classmethod
    def read(cls, told: object) -> "Place":
        """The place that a cursor tells of."""
        known = told if isinstance(told, dict) else {}
        times = {name: known[name] for name in ("read_at", "active", "shut") if type(known.get(name)) is int}
        return cls(Reading.read(known.get("reading")), **times)

    def told(self) -> dict[str, Any]:
        """What a cursor must hold."""
        times = {"read_at": self.read_at, "active": self.active, "shut": self.shut}
        return {"reading": self.reading.told()} | {name: at for name, at in times.items() if at is not None}

    def is_due(self, now: datetime, quiet: timedelta) -> bool:
        """Whether to read it now. The rest between two readings is a tenth of the silence, and at most `quiet`."""
        if self.shut is not None:
            return now - clock.from_ms(self.shut) >= SHUT
        if self.reading.running or self.read_at is None:
            return True
        silence = now - clock.from_ms(self.active if self.active is not None else self.read_at)
        return now - clock.from_ms(self.read_at) >= min(silence / 10, quiet)

    def finish(self, now: datetime) -> None:
        """It was read to the end."""
        self.reading.finish()
        self.read_at, self.shut = clock.to_ms(now), None
        self.active = max((at for at in (self.active, self.reading.done) if at is not None), default=None)

    def close(self, now: datetime) -> None:
        """It cannot be read: it is gone, or has no comments."""
        self.shut = clock.to_ms(now)
        self.reading = Reading(done=self.reading.done)


@dataclass(slots=True)
class Plan:
    """Everything that is remembered between polls."""

    budget: Budget
    places: dict[tuple[str, str], Place]
    searches: dict[str, Place]  # by the words that are searched for
    replies: dict[str, int]  # thread → replies that it had when they were all read

    @classmethod
    def read(cls, memory: dict[str, Any], budget: Budget, listed: Iterable[tuple[str, str]]) -> "Plan":
        """What a cursor tells; `listed` are the places that the settings name."""
        known = [(VIDEO, VIDEO), (CHANNEL, CHANNEL)]
        told = {(kind, name): value for kind, key in known for name, value in part(memory, key).items()}
        wanted = set(listed)
        kept = [key for key in told if key[0] == VIDEO or key in wanted]  # a channel that is listed no more is left
        counts = memory.get("replies")
        pairs = [pair for pair in counts if _is_pair(pair)] if isinstance(counts, list) else []
        return cls(
            budget,
            {key: Place.read(told.get(key)) for key in dict.fromkeys([*wanted, *kept])},
            {text: Place.read(value) for text, value in part(memory, "searches").items()},
            dict(pairs),
        )

    def told(self) -> dict[str, Any]:
        """What a cursor must hold."""
        places = {
            kind: {name: place.told() for (each, name), place in self.places.items() if each == kind}
            for kind in (VIDEO, CHANNEL)
        }
        searches = {text: place.told() for text, place in self.searches.items()}
        newest = list(self.replies.items())[-MAX_REPLIES:]
        return places | {"budget": self.budget.told(), "searches": searches, "replies": newest}

    def find(self, name: str, published: int, listed: frozenset[tuple[str, str]], most: int) -> None:
        """Note a video that a search found; the ones under which nothing happened for longest make room."""
        place = self.places.setdefault((VIDEO, name), Place())
        place.active = max(published, place.active or 0)
        found = [key for key in self.places if key not in listed]
        found.sort(key=lambda key: (self.places[key].shut is None, self.places[key].active or 0))
        for key in found[: max(len(found) - most, 0)]:
            del self.places[key]

    def due(self, now: datetime, quiet: timedelta) -> list[tuple[str, str]]:
        """The places to read now: those begun first, then those that were not read for longest."""
        due = [key for key, place in self.places.items() if place.is_due(now, quiet)]
        return sorted(due, key=lambda key: (not self.places[key].reading.running, self.places[key].read_at or 0, key))

    def unread(self, now: datetime, quiet: timedelta) -> bool:
        """Whether this poll has something left to ask."""
        begun = any(search.reading.running for search in self.searches.values())
        due = [self.places[key] for key in self.due(now, quiet)]
        return begun or any(place.reading.running or place.read_at != clock.to_ms(now) for place in due)


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and type(pair[1]) is int
