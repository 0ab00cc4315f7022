"""Explain: why a spike fired, from the rows that were known at that moment; and the same again later, to compare.

Joins the store's evidence, the sources' states and the model's measured errors to the maths of analysis/. Posts that
came later play no part, and a deleted one counts still; what must differ later is named: what was taken out or changed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from heapq import nsmallest
from math import ceil
from pathlib import Path
from zlib import crc32

import models
from models.prevalence import Correction
from monitor.analysis.contribution import likeliest, votes
from monitor.analysis.explanation import differences, explain
from monitor.domain import (
    Explanation,
    Hearing,
    NearRule,
    Outline,
    Phase,
    Range,
    Risk,
    Spike,
    real_brand,
)
from monitor.pipeline.program import Program
from monitor.store.evidence import Changes, Scope
from monitor.store.gaps import BLIND
from monitor.store.maintenance import READINGS_KEPT
from monitor.store.states import NEW_FIELDS

COUNTED = 50_000  # posts of the window that are counted, the newest
COUNTED_BEFORE = 20_000  # of the time before
READ, READ_BEFORE = 1_000, 2_000  # of these, how many are read word by word, evenly spread
SEEN = 40  # most seen posts that are looked at
NEARLY = 0.5  # evidence over threshold from which another rule nearly fired
SEED = 20260311  # of the draws by which a share is corrected: the same each time


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """An explanation computed again: whether it says the same, and what may make it differ."""

    now: Explanation
    differs: tuple[str, ...]  # names of what came out differently
    because: tuple[str, ...]  # what became of the posts and the settings since, in words

    @property
    def same(self) -> bool:
        """Whether every number is as it was stored."""
        return not self.differs


def explained(program: Program, spike: Spike) -> Explanation:
    """Why a spike fired, from what was known at that moment."""
    evidence, (window, before) = program.store.evidence, _scopes(program, spike)
    counted = evidence.outlines(window, limit=COUNTED)
    usual = evidence.outlines(evidence.newest(before, limit=COUNTED_BEFORE), limit=COUNTED_BEFORE)
    found = explain(
        spike, evidence.posts(spike.brand, _some(counted, READ)),
        evidence.posts(spike.brand, _some(usual, READ_BEFORE)),
        brand_names=_names(program, spike.brand), counted=(counted, usual),
        widely_seen=evidence.posts(spike.brand, _most_seen(counted)),
    )  # fmt: skip
    return replace(
        found, corrected=_corrected(program, found.model, counted), risks=tuple(_risks(program, found)),
        hearing=tuple(_hearing(program, spike, window.since)), near=tuple(_near(program, spike, window.since)),
        rule_version=next((rule.fingerprint for rule in program.rules if rule.name == spike.rule), None),
    )  # fmt: skip


def _some(posts: Sequence[Outline], most: int) -> list[tuple[str, str]]:
    """The keys of some posts, picked as by a die that falls the same each time; of all where there are few."""
    every = ceil(len(posts) / most)
    keys = [(post.platform, post.native_id) for post in posts]
    return keys if every <= 1 else [key for key in keys if crc32("\0".join(key).encode()) % every == 0]


def _most_seen(posts: Sequence[Outline]) -> list[tuple[str, str]]:
    """The keys of the unhappy posts that most people saw."""
    known = (post for post in posts if post.unhappy and post.seen is not None)
    first = nsmallest(SEEN, known, key=lambda post: (-(post.seen or 0), post.at, post.platform, post.native_id))
    return [(post.platform, post.native_id) for post in first]


def again(program: Program, stored: Explanation) -> Again:
    """Compute a stored explanation again from what is in the store now, and say what differs and why it may."""
    now = explained(program, stored.spike)
    differs = tuple(differences(stored, now))
    window, before = _scopes(program, stored.spike)
    because = (*_changed(program.store.evidence.changes(window), "window"),
               *_changed(program.store.evidence.changes(before), "time before"))  # fmt: skip
    if stored.rule_version != now.rule_version:
        because += ("the rule was changed, or is not there any more",)
    if program.clock.now() - stored.spike.fired_at > READINGS_KEPT:
        because += ("what rules read in that time is kept no more",)
    return Again(now=now, differs=differs, because=because)


def _scopes(program: Program, spike: Spike) -> tuple[Scope, Scope]:
    """The window that is explained (since the onset, or longer), and the time before it."""
    known = spike.fired_at
    since = min(spike.onset, known - spike.window) if spike.phase is not Phase.CLOSED else known - spike.window
    long_ago = since - program.settings.detection.evidence
    window = Scope(brand=spike.brand, slice=spike.slice, since=since, until=known, known=known)
    return window, replace(window, since=long_ago, until=since)


def _changed(changes: Changes, where: str) -> Iterator[str]:
    told = ((changes.deleted, "deleted"), (changes.edited, "edited"), (changes.rescored, "scored again"),
            (changes.read_again, "read again, perhaps with other views"))  # fmt: skip
    for count, what in told:
        if count:
            yield f"{count:,} post{' was' if count == 1 else 's were'} {what} since (of the {where})"


def _names(program: Program, brand: str) -> tuple[str, ...]:
    name = real_brand(brand)
    cards = [card for card in program.settings.brands if card.name == name]
    return (name, *(each for card in cards for each in (*card.names, *card.handles, *card.hashtags)))


def _risks(program: Program, found: Explanation) -> Iterator[Risk]:
    rates = program.settings.detection
    if found.reach is not None:
        yield Risk(of="reached", people=found.reach, rate=rates.reach_rate)
    if found.unhappy_authors is not None:
        yield Risk(of="unhappy", people=found.unhappy_authors, rate=rates.turned_away)


def _corrected(program: Program, scored_by: str | None, counted: list[Outline]) -> Range | None:
    """The window's negative share, corrected for the errors that were measured of the model that scored most of it.

    None where nobody measured any, or another model than the settings name scored them.
    """
    section, counts = program.settings.model, likeliest(votes(counted))
    if scored_by is None or Path(section.name).name not in scored_by:
        return None
    correction = _correction(section.name, section.calibration)
    shares = correction.shares(counts) if correction is not None and any(counts) else None
    return None if not shares else Range(estimate=shares[0].estimate, low=shares[0].low, high=shares[0].high)


@cache
def _correction(model: str, calibration: Path | None) -> Correction | None:
    try:
        told = models.confusions_of(model, calibration=calibration)
    except models.ModelError:
        return None
    measured = [each for each in told if len(each) == 3]
    return Correction(measured, seed=SEED) if measured else None


def _hearing(program: Program, spike: Spike, since: datetime) -> Iterator[Hearing]:
    """The brand's sources that were blind, quiet, partial, … between the onset and the alert, as was known then."""
    sources, known = program.store.sources, spike.fired_at
    brand = real_brand(spike.brand)
    for source in program.sources:
        if source.brands and brand not in source.brands:
            continue
        found = [
            Hearing(source=source.name, state=BLIND, since=gap.since, until=_ended(gap.until, known))
            for gap in sources.ranges.of(source.name)
            if gap.reason == BLIND and gap.found_at <= known and _overlaps(gap.since, gap.until, since, known)
        ]
        found += [
            Hearing(source=source.name, state=each.state, since=each.since, until=_ended(each.until, known),
                    detail=each.detail)
            for each in sources.states.of(source.name)
            if each.state != NEW_FIELDS and _overlaps(each.since, each.until, since, known)
        ]  # fmt: skip
        yield from sorted(found, key=lambda each: (each.since, each.state))


def _overlaps(since: datetime, until: datetime | None, start: datetime, end: datetime) -> bool:
    return since < end and (until is None or until > start)


def _ended(until: datetime | None, known: datetime) -> datetime | None:
    return until if until is not None and until <= known else None


def _near(program: Program, spike: Spike, since: datetime) -> Iterator[NearRule]:
    """Other rules and slices that came at least half way to firing, or fired: their highest stored reading since then.

    A stored score s stands for evidence of s / (1 - s) thresholds: one half is just enough to fire. What is read are
    buckets that had settled when the spike fired.
    """
    for rule in program.rules:
        if not rule.watches(real_brand(spike.brand)):
            continue
        found = program.store.evidence.near(
            rule.name, spike.brand, since, spike.fired_at - program.settle, least=NEARLY / (1.0 + NEARLY)
        )
        for each in found:
            if (each.rule, each.slice) != (spike.rule, spike.slice):
                yield replace(each, score=each.score / (1.0 - each.score) if each.score < 1.0 else each.score)
