"""Writes what the program tells of itself: that it listens, what does not work, what a period brought. Pure but for
reading the templates, which the user may change.

Knows no receiver's format, limits or address, and no store: what it tells is given in words and numbers.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.alerting import words
from monitor.alerting.plain_text import link, quoted
from monitor.alerting.texts import Texts
from monitor.clock import EPOCH, iso
from monitor.domain import Message, MessageKind

MOST = 10  # brands, incidents, sources or such that a message names; of the rest it says how many there are
EXAMPLES = 3  # posts of people who came back


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something of the program's own that does not work."""

    what: str  # 'source "acme-on-x"', 'receiver "pager"', "scoring"
    state: str  # "blind", "not reached", "stuck", …
    since: datetime
    why: str  # in a few words; "": nothing is known
    means: str  # what cannot be said, or done, meanwhile
    todo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """Something that works again."""

    what: str
    since: datetime
    until: datetime
    note: str  # what became of the time between


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What does not work since a while, what works again, and what goes on and was told before."""

    fresh: tuple[Trouble, ...] = ()
    over: tuple[Over, ...] = ()
    lasting: tuple[Trouble, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident:
    """An incident that is open while the program says that it listens."""

    id: int
    brand: str
    severity: str
    since: datetime
    owner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """That the program listens, and what there is."""

    since: datetime  # of the counts: a day ago, or the last one told
    posts: tuple[tuple[str, int, int], ...]  # brand, posts, of these negative; most posts first
    silent: int  # brands without a post
    incidents: tuple[OpenIncident, ...]
    sources: int  # that are configured and switched on
    unheard: tuple[tuple[str, str, datetime], ...]  # source, state, since: those that do not work
    maintained: tuple[tuple[str, datetime, str], ...]  # source, until, why
    receivers: tuple[str, ...]  # that are not reached
    stuck: tuple[str, ...]  # stages that stand still
    waiting: datetime | None  # since when the oldest post without a score waits; None: none waits for long
    budget: str  # of false alarms, in a sentence; "": nothing is asked for
    digest: datetime | None  # when the next one comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """A person who was unhappy, and is not any more, with the post that says so."""

    author: str | None
    platform: str
    text: str
    url: str | None
    id: str = ""  # of the post on its platform, by which a message that quotes it is found when it is deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestWords:
    """A brand's period, in sentences and short lists, most telling first."""

    brand: str
    period: str  # "week" or "day"
    since: datetime
    until: datetime
    headline: str  # the period in a few words
    volume: str
    mood: str
    moved: tuple[str, ...] = ()  # platforms and touchpoints that rose or fell
    incidents: tuple[str, ...] = ()
    held: str = ""
    changes: tuple[str, ...] = ()  # lasting ones
    returned: int = 0
    back: tuple[Back, ...] = ()  # some of those who came back
    terms: tuple[tuple[str, int], ...] = ()
    holes: tuple[str, ...] = ()
    budget: str = ""


class RoutineTexts:
    """heartbeat.j2, health.j2 and digest.j2 of one folder; each is tried at once on invented values.

    Raises SettingsError, naming file and line, where one is missing, cannot be read, or cannot be filled.
    """

    def __init__(self, folder: Path) -> None:
        self._texts = Texts(
            folder, [kind.value for kind in (MessageKind.HEARTBEAT, MessageKind.HEALTH, MessageKind.DIGEST)]
        )
        for each in _invented():
            self.message(each, key="", zone="UTC", at=EPOCH)

    def message(self, told: Heartbeat | Health | DigestWords, *, key: str, zone: str, at: datetime) -> Message:
        """What people read; `key` is what makes it one message, and each receiver adds their own name (`addressed`).

        Raises SettingsError where the template cannot be filled.
        """
        place = ZoneInfo(zone)
        if isinstance(told, Heartbeat):
            kind, values, severity = MessageKind.HEARTBEAT, _heartbeat(told, place), "low"
        elif isinstance(told, Health):
            kind, values = MessageKind.HEALTH, _health(told, place, at)
            severity = "high" if told.fresh else "low"
        else:
            kind, values, severity = MessageKind.DIGEST, _digest(told, place), "low"
        title, body = self._texts.filled(kind.value, values)
        brand = told.brand if isinstance(told, DigestWords) else ""
        facts = {"kind": kind.value, "at": iso(at)} | {name: _json(each) for name, each in asdict(told).items()}
        return Message(key=key, title=title, body=body, severity=severity, brand=brand, facts=facts, kind=kind)


def addressed(message: Message, receiver: str) -> Message:
    """The message to one receiver: the same one has the same key each time, so that a repeat can be dropped."""
    digest = hashlib.blake2b(f"{message.kind.value}\0{message.key}\0{receiver}".encode(), digest_size=16)
    return replace(message, key=digest.hexdigest())


def _heartbeat(told: Heartbeat, zone: ZoneInfo) -> Mapping[str, object]:
    shown = told.posts[:MOST]
    return {
        "unusual": _unusual(told),
        "since": words.moment(told.since, zone),
        "posts": [(brand, f"{posts:,}", f"{negative:,}") for brand, posts, negative in shown],
        "more_brands": len(told.posts) - len(shown),
        "more_posts": f"{sum(posts for _, posts, _ in told.posts[MOST:]):,}",
        "silent": told.silent,
        "incidents": [
            {"id": each.id, "brand": each.brand, "severity": each.severity, "since": _when(each.since, zone),
             "owner": each.owner}
            for each in told.incidents[:MOST]
        ],
        "more_incidents": len(told.incidents[MOST:]),
        "sources": told.sources,
        "heard": told.sources - len(told.unheard) - len(told.maintained),
        "unheard": [(name, state, _when(at, zone)) for name, state, at in told.unheard[:MOST]],
        "more_unheard": len(told.unheard[MOST:]),
        "maintained": [(name, _when(until, zone), why) for name, until, why in told.maintained[:MOST]],
        "receivers": list(told.receivers),
        "waiting": words.moment(told.waiting, zone) if told.waiting else None,
        "budget": told.budget,
        "digest": words.moment(told.digest, zone) if told.digest else None,
    }  # fmt: skip


def _unusual(told: Heartbeat) -> list[str]:
    """What is out of the ordinary, in the fewest words; an empty list means that all is well."""
    found = []
    if told.incidents:
        found.append(f"{_counted(len(told.incidents), 'incident')} open")
    if told.unheard:
        found.append(f"{_counted(len(told.unheard), 'source')} not heard")
    if told.receivers:
        found.append(f"{_counted(len(told.receivers), 'receiver')} not reached")
    found += [f"{stage} is stuck" for stage in told.stuck]
    if told.waiting is not None and not told.stuck:
        found.append("scoring is behind")
    return found


def _health(told: Health, zone: ZoneInfo, at: datetime) -> Mapping[str, object]:
    return {
        "fresh": [_trouble(each, zone, at) for each in told.fresh[:MOST]],
        "more": [each.what for each in told.fresh[MOST:]],
        "over": [
            {"what": each.what, "since": words.moment(each.since, zone), "until": words.moment(each.until, zone),
             "lasted": words.length(each.until - each.since), "note": each.note}
            for each in told.over[:MOST]
        ],
        "more_over": [each.what for each in told.over[MOST:]],
        "lasting": [_trouble(each, zone, at) for each in told.lasting[:MOST]],
        "more_lasting": [each.what for each in told.lasting[MOST:]],
    }  # fmt: skip


def _trouble(each: Trouble, zone: ZoneInfo, at: datetime) -> Mapping[str, object]:
    return {
        "what": each.what, "state": each.state, "since": words.moment(each.since, zone),
        "lasts": words.length(max(at, each.since) - each.since), "why": quoted(each.why, 300), "means": each.means,
        "todo": each.todo,
    }  # fmt: skip


def _digest(told: DigestWords, zone: ZoneInfo) -> Mapping[str, object]:
    plain = {each.name: getattr(told, each.name) for each in fields(told)}
    return plain | {
        "since": words.moment(told.since, zone),
        "until": words.moment(told.until, zone),
        "back": [
            {"author": quoted(each.author or "somebody", 60), "platform": each.platform, "text": quoted(each.text, 120),
             "link": link(each.url)}
            for each in told.back[:EXAMPLES]
        ],
    }  # fmt: skip


def _when(at: datetime, zone: ZoneInfo) -> str:
    """A time in a list, where the zone is said elsewhere."""
    return words.moment(at, zone).rpartition(" (")[0]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _json(value: object) -> object:
    """A record's value as JSON can hold it."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, dict):
        return {name: _json(each) for name, each in value.items()}
    return [_json(each) for each in value] if isinstance(value, list | tuple) else value


def _invented() -> tuple[Heartbeat | Health | DigestWords, ...]:
    """One of each with everything in it, and one with nothing: a template must bear both."""
    trouble = Trouble(what="a source", state="blind", since=EPOCH, why="no answer", means="nothing", todo="look")
    over = Over(what="a source", since=EPOCH, until=EPOCH, note="all was read")
    incident = OpenIncident(id=1, brand="Acme", severity="low", since=EPOCH, owner=None)
    bare = Heartbeat(
        since=EPOCH, posts=(), silent=1, incidents=(), sources=0, unheard=(), maintained=(), receivers=(), stuck=(),
        waiting=None, budget="", digest=None,
    )  # fmt: skip
    full = replace(
        bare, posts=(("Acme", 2, 1),) * (MOST + 1), incidents=(incident, replace(incident, owner="anna")), sources=2,
        unheard=(("a source", "blind", EPOCH),), maintained=(("another", EPOCH, "moved"),), receivers=("mail",),
        stuck=("scoring",), waiting=EPOCH, budget="none was used.", digest=EPOCH,
    )  # fmt: skip
    empty = DigestWords(
        brand="Acme", period="week", since=EPOCH, until=EPOCH, headline="no post", volume="No post.", mood=""
    )
    rich = replace(
        empty, moved=("x: more",), incidents=("one",), held="none", changes=("a level",), returned=4,
        back=(Back(author=None, platform="x", text="thanks", url=None),) * 4, terms=(("parcel", 4),), holes=("one",),
        budget="none",
    )  # fmt: skip
    return (bare, full, Health(fresh=(trouble,)), Health(fresh=(trouble,) * 2, over=(over,) * 2, lasting=(trouble,)),
            Health(over=(over,)), Health(lasting=(trouble,)), empty, rich)  # fmt: skip
