"""Lead: the incidents of a backtest beside the complaints that reached the company, as a ledger and as a lag.

Where an incident was live at the same moment, the times are those at which people were really told and answered; else
those at which they would have been told. Reads the store; the arithmetic is in analysis/.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.analysis.lag import Lag, Pair, lag
from monitor.analysis.ledger import HOUR, Ledger, Told, Zones, hourly, ledger
from monitor.clock import floor
from monitor.domain import Complaint
from monitor.pipeline.backtest import Backtest, Fire, Watched
from monitor.pipeline.program import Program
from monitor.pipeline.series import ears_of, unheard

Ranges = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """What the alerts were worth, and how the two streams lie to each other."""

    ledger: Ledger
    lag: Lag
    strangers: tuple[str, ...]  # brands of complaints that were not tested


def lead(program: Program, tested: Backtest, complaints: Iterable[Complaint], *, seed: int) -> Lead:
    """Join a backtest to complaints; a brand's name is the same in capitals. Those made in its stretch count."""
    names = {each.brand.casefold(): each for each in tested.brands}
    known: list[Complaint] = []
    strangers: set[str] = set()
    for each in complaints:
        brand = names.get(each.brand.casefold())
        if brand is None:
            strangers.add(each.brand)
        elif each.created_at < brand.until:
            known.append(replace(each, brand=brand.brand))
    zones = Zones({each.brand: program.settings.timezone_of(each.brand) for each in tested.brands})
    since = {each.brand: each.since for each in tested.brands}
    found = ledger([told_of(program, fire) for fire in tested.fires], known, zones=zones, since=since)
    pairs = [pair for each in tested.brands if (pair := _pair(program, each, known))]
    return Lead(ledger=found, lag=lag(pairs, seed=seed), strangers=tuple(sorted(strangers)))


def told_of(program: Program, fire: Fire) -> Told:
    """An incident as the ledger needs it."""
    incident, proofs = fire.incident, program.store.proofs
    notified = incident.opened_at if fire.messages else None
    acknowledged = None
    if fire.same and fire.live is not None and proofs.was_to_be_told(fire.live.id):
        notified, acknowledged = proofs.told_at(fire.live.id), fire.live.acknowledged_at
    return Told(
        key=str(fire.live.id) if fire.same and fire.live else f"{incident.brand} {incident.opened_at:%Y-%m-%dT%H:%MZ}",
        brand=incident.brand, onset=incident.onset, fired_at=incident.opened_at, ended=incident.resolved_at,
        first_negative=proofs.first_negative(incident.brand, incident.onset, incident.opened_at),
        notified=notified, acknowledged=acknowledged,
    )  # fmt: skip


def _pair(program: Program, watched: Watched, complaints: Sequence[Complaint]) -> Pair | None:
    """A brand's negatives and complaints hour by hour, over the time in which both were counted."""
    own = [each for each in complaints if each.brand == watched.brand]
    if not own:
        return None
    since = floor(max(watched.since, own[0].created_at), HOUR)
    until = floor(min(watched.until, own[-1].created_at), HOUR)
    if since >= until:
        return None
    negatives = program.store.proofs.negatives_by_hour(watched.brand, since, until)
    unheard_of = _unheard_of(program, watched.brand, since, until)
    hours = [since + place * HOUR for place in range((until - since) // HOUR)]
    return Pair(
        start=since, timezone=program.settings.timezone_of(watched.brand),
        negatives=[None if _within(hour, unheard_of) else negatives.get(hour, 0.0) for hour in hours],
        complaints=[float(count) for count in hourly(own, since, until)],
    )  # fmt: skip


def _unheard_of(program: Program, brand: str, since: datetime, until: datetime) -> Ranges:
    nobody, _ = ears_of(program, brand, unheard(program, until)).holes(program, brand, since, until)
    return nobody


def _within(hour: datetime, ranges: Ranges) -> bool:
    return any(since < hour + HOUR and until > hour for since, until in ranges)


def minutes(length: timedelta | None) -> float | None:
    """A length of time as files have it."""
    return None if length is None else round(length / timedelta(minutes=1), 1)
