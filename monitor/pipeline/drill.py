"""Drill: invented unhappy posts go through the real path, in a brand's shadow, and how long each step took is kept.

The shadow is a brand of its own (monitor/domain/drills.py) that follows the real one's rules, routes and hours, so that
nothing of the real brand changes: neither what its detectors know nor any count. The posts are stored, scored,
inspected, alerted, routed and carried by the stages themselves, those of a running program or, where none runs, of
`drill_wait.wait`. Knows the settings and the store.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

from monitor.clock import floor
from monitor.domain import BUCKET, Author, IncidentStatus, Mention, Page, is_drill
from monitor.errors import InputError
from monitor.pipeline import collect, people
from monitor.pipeline.program import Program, Rule
from monitor.store.drills import Drill

PLATFORM = "drill"  # of invented posts: nobody can take them for real ones
MOST_POSTS = 500
SPREAD = timedelta(minutes=2)  # over which the posts are published, as far as the bucket goes back
NOBODY = "the program"  # who ends what somebody forgot: as with any person's word, those who were told hear of it
TOLD, UNSEEN, UNTOLD = "told", "not detected", "detected, and nobody was told"
# Eleven words at most with the first: from twelve on, texts that resemble each other are taken for copies.
_OPENINGS = ("", "Honestly, ", "Again: ", "Unbelievable, ", "Angry: ")
_TROUBLES = (
    "my parcel is days late", "the courier never rang", "half my order is missing", "the box arrived torn open",
    "the app crashes at checkout", "your website charged me twice", "the login page is broken",
    "the hotline hung up on me", "the chat never answers", "two hours on hold today", "the refund never came",
    "the price went up overnight", "hidden fees on my bill", "it broke after one day", "the zip fell apart at once",
    "the shop staff were rude", "the manager laughed at me", "nobody repairs it under warranty",
)  # fmt: skip
_ENDINGS = (
    "never again", "awful service", "refund me now", "what a mess", "this is terrible", "totally useless",
    "I am done", "really disappointed", "worst ever", "avoid them", "shame on you", "unacceptable",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """How long the path takes at most, by the settings, from the first invented post to the alert."""

    bucket: timedelta  # until the bucket of the posts is over
    settle: timedelta  # until every quick source has been read past its end
    work: timedelta  # until the running program looks again

    @property
    def total(self) -> timedelta:
        """All of it."""
        return self.bucket + self.settle + self.work


def expected(program: Program, *, now: datetime) -> Expected:
    """What a drill that begins now has to wait for."""
    over = floor(now, BUCKET) + BUCKET - now
    return Expected(bucket=over, settle=program.settle, work=program.settings.schedule.work_every)


def start(program: Program, brand: str, *, posts: int, by: str, seed: int, now: datetime) -> Drill:
    """Begin a drill. Raises InputError, in one sentence, where it would prove nothing or disturb people's work."""
    if not 1 <= posts <= MOST_POSTS:
        raise InputError(f"--posts {posts} must lie between 1 and {MOST_POSTS}.")
    rules = _rules(program, brand)
    end_old(program, now=now)
    with program.store.transaction():
        _check(program, brand)
        drill = program.store.drills.begin(brand, [rule.name for rule in rules], by=by, posts=posts, now=now)
        invented = invent(drill, now=now, seed=seed)
        collect.keep(program.store, program.matcher, Page(mentions=invented), source=PLATFORM, now=now)
        program.store.drills.mark(PLATFORM, [each.native_id for each in invented])
    return drill


def _rules(program: Program, brand: str) -> list[Rule]:
    if is_drill(brand) or brand not in program.store.detection.brands():
        known = ", ".join(card.name for card in program.settings.brands if not card.competitor) or "none"
        raise InputError(f'nothing is known of a brand "{brand}"; cards are there for: {known}.')
    # A rule that calls nobody rehearses nothing.
    rules = [rule for rule in program.rules if rule.watches(brand) and getattr(rule.detector, "alarm", True)]
    if not program.watched(brand) or not rules:
        raise InputError(f'no rule of alerts.toml watches "{brand}", so that nothing would be told.')
    if not any(program.store.detection.state(rule.name, brand) for rule in rules):
        raise InputError(f'no rule has inspected "{brand}" yet. Let the program run for a day first.')
    return rules


def _check(program: Program, brand: str) -> None:
    for each in program.store.drills.under_way():
        if each.brand == brand:
            raise InputError(f'drill {each.id} of "{brand}" is under way; end it with: drill end {each.id}.')
    real = program.store.incidents.newest(brand)
    if real is not None and real.status is not IncidentStatus.RESOLVED:
        raise InputError(f'incident {real.id} of "{brand}" is open: it is real. Rehearse when it is over.')


def invent(drill: Drill, *, now: datetime, seed: int) -> tuple[Mention, ...]:
    """Posts of our own words, each different, each by an author of its own, published up to now within one bucket."""
    chance = random.Random(f"{drill.id} {seed}")  # noqa: S311 - an order of texts, no secret
    texts = [f"{opening}{trouble}, {ending}" for opening, trouble, ending in product(_OPENINGS, _TROUBLES, _ENDINGS)]
    chosen = chance.sample(texts, drill.posts)
    begin = max(floor(now, BUCKET), now - SPREAD)
    return tuple(
        Mention(
            platform=PLATFORM, native_id=f"{drill.id}-{number}", text=f"DRILL. {text}.", targets=(drill.shadow,),
            published_at=begin + (now - begin) * number / drill.posts,
            author=Author(handle=f"drill-{drill.id}-{number}", followers=chance.randrange(20, 900)), lang="en",
        )
        for number, text in enumerate(chosen, 1)
    )  # fmt: skip


def end(program: Program, number: int, *, by: str, now: datetime) -> Drill:
    """End a drill: close its incident, keep its times, take out all that was counted. Raises InputError."""
    drill = of(program, number)
    if drill.ended_at is not None:
        return drill
    with program.store.transaction():
        if drill.incident_id is not None and drill.incident_open:
            people.resolve(program.store, drill.incident_id, by=by, now=now, why="the drill is over")
        program.store.drills.end(drill, outcome=outcome(drill), now=now)
    return of(program, number)


def end_old(program: Program, *, now: datetime, after: timedelta = timedelta(days=1)) -> int:
    """End the drills that somebody forgot; return how many there were."""
    old = [each for each in program.store.drills.under_way() if now - each.started_at >= after]
    for each in old:
        end(program, each.id, by=NOBODY, now=now)
    return len(old)


def outcome(drill: Drill) -> str:
    """How far it came, in words."""
    if drill.detected_at is None:
        return UNSEEN
    return UNTOLD if drill.notified_at is None else TOLD


def of(program: Program, number: int) -> Drill:
    """A drill, as far as it has come. Raises InputError where there is none of that number."""
    found = program.store.drills.get(number)
    if found is None:
        raise InputError(f"There is no drill {number}. `drill list` shows which there are.")
    return found
