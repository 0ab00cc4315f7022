"""Troubles: what of the program's own does not work, and since when: sources that are not heard, receivers that are not
reached, stages that stand still although posts wait.

Knows the store's records and the settings; decides nothing of who is told, or how often.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.alerting.routine_message import Over, Trouble
from monitor.alerting.words import length
from monitor.clock import EPOCH, iso
from monitor.pipeline.detect import ready_until
from monitor.pipeline.program import Program, Source
from monitor.store.gaps import SILENT
from monitor.store.sources import SourceHealth
from monitor.store.states import CAPPED, NO_DATA, QUIET, UNREADABLE, WAITING, SourceState

BLIND = "blind"
LEAST = timedelta(minutes=10)  # so long at least a source is not heard before anybody is told
WAITED = timedelta(hours=1)  # the same where the platform asked us to wait, as busy ones do now and then
LETTERS = timedelta(days=7)  # in which a message that was given up says something of its receiver
STUCK = timedelta(minutes=30)  # without a step forward, while something waits
OFF = timedelta(minutes=15)  # between two looks: the program was off, which is no stage's fault
NAMES = 10  # brands that a sentence names
TROUBLE = "trouble"  # beats: what was told and is not over
SOURCE, RECEIVER, STAGE = "source ", "receiver ", "stage "
SCORING, DETECTION = STAGE + "scoring", STAGE + "detection"
_STEP, _LOOK = "step", "look"  # beats: the last step forward of a stage, and the last look at it
_TODO = {
    BLIND: "`sources test {name}` tries it, and `doctor` looks at key and network.",
    QUIET: "look at the platform itself. If it is as calm there, all is well, and this ends by itself within a day.",
    UNREADABLE: "`sources --set-aside` shows what came; the platform may have changed, so look for a newer version.",
    WAITING: "nothing, it goes on by itself; to ask less often, raise `every` of this source.",
    CAPPED: "raise daily_cap or monthly_cap of this source, or wait until the cap starts anew.",
}
_MAINTAIN = " If you work on it yourself: `sources maintain {name} --for 2h --why …`."


@dataclass(frozen=True, slots=True)
class Ears:
    """How the sources are, at one moment."""

    health: Mapping[str, SourceHealth]
    states: Mapping[str, Sequence[SourceState]]
    maintained: frozenset[str]

    def worst(self, name: str) -> tuple[str, datetime, str] | None:
        """The state, its start and its reason, where a source is not heard."""
        seen = self.health.get(name)
        if seen is not None and seen.blind_since is not None:
            return BLIND, seen.blind_since, seen.last_error or ""
        found = [each for each in self.states.get(name, ()) if each.state in NO_DATA]
        return min(((each.state, each.since, each.detail) for each in found), key=lambda each: each[1], default=None)


def ears(program: Program, *, now: datetime) -> Ears:
    """How the sources are."""
    store = program.store
    return Ears(store.sources.health(), store.sources.states.lasting(), frozenset(store.maintenances.active(now)))


def all_of(program: Program, *, now: datetime) -> dict[str, Trouble]:
    """Everything that does not work since so long that people should know, by subject."""
    return dict([*_sources(program, now), *_receivers(program, now), *_stages(program, now)])


# Sources


def _sources(program: Program, now: datetime) -> Iterator[tuple[str, Trouble]]:
    heard = ears(program, now=now)
    ended: dict[str, datetime] | None = None
    for source in program.sources:
        found = heard.worst(source.name)
        if (
            found is None
            or source.name in heard.maintained
            or _unasked(source, heard.health.get(source.name), found, now)
        ):
            continue
        if ended is None:
            ended = program.store.maintenances.newest_end(now - timedelta(days=31), now)
        state, since, why = found
        if now - max(since, ended.get(source.name, EPOCH)) >= patience(source, state):
            yield SOURCE + source.name, _trouble(program, source, heard, state, since, why)


def patience(source: Source, state: str = BLIND) -> timedelta:
    """How long a source is not heard before anybody is told."""
    return max(2 * source.every, WAITED if state == WAITING else LEAST)


def _unasked(source: Source, health: SourceHealth | None, found: tuple[str, datetime, str], now: datetime) -> bool:
    """Whether it is only called blind because nobody asked it lately: the program was off."""
    asked = health.last_poll if health is not None else None
    return found[0] == BLIND and (asked is None or now - asked > source.patience)


def _trouble(program: Program, source: Source, heard: Ears, state: str, since: datetime, why: str) -> Trouble:
    todo = (_TODO[state] + _MAINTAIN).format(name=source.name)
    what = f'Source "{source.name}"'
    return Trouble(what=what, state=state, since=since, why=why, means=_means(program, source, heard), todo=todo)


def _means(program: Program, source: Source, heard: Ears) -> str:
    """Of which brands calm says nothing, and which are judged by other sources alone."""
    cards = [card.name for card in program.settings.brands if not card.competitor]
    brands = [name for name in cards if not source.brands or name in source.brands]
    others = [each for each in program.sources if each.name != source.name and heard.worst(each.name) is None]
    judged = [name for name in brands if any(not each.brands or name in each.brands for each in others)]
    unjudged = [name for name in brands if name not in judged]
    told = []
    if unjudged:
        told.append(f"{some(unjudged)} cannot be judged: no other source is heard, so silence is not calm.")
    if judged:
        told.append(f"{some(judged)} {'is' if len(judged) == 1 else 'are'} judged by other sources alone.")
    return " ".join(told) or "It is asked for no brand that is watched."


def some(names: Sequence[str], most: int = NAMES) -> str:
    """Names in a sentence.

    >>> some(["a", "b", "c"], 2), some(["a"])
    ('a, b and 1 more', 'a')
    """
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def works_again(program: Program, subject: str, since: datetime, *, now: datetime) -> Over | bool:
    """What became of something that was told of: over; True where it may not be over yet; False where it is no more.

    A source counts as heard again only after as long as it took to be called blind, so that one that comes and goes is
    told of once.
    """
    if not subject.startswith(SOURCE):
        return Over(what=_named(subject), since=since, until=now, note="")
    source = next((each for each in program.sources if SOURCE + each.name == subject), None)
    if source is None:
        return False
    heard = ears(program, now=now)
    if source.name in heard.maintained or heard.worst(source.name) is not None:
        return True
    until, note = _afterwards(program, source.name, since, now)
    if now - until < patience(source):
        return True
    return Over(what=_named(subject), since=since, until=until, note=note)


def _named(subject: str) -> str:
    kind, _, name = subject.partition(" ")
    return name.capitalize() if subject.startswith(STAGE) else f'{kind.capitalize()} "{name}"'


def _afterwards(program: Program, name: str, since: datetime, now: datetime) -> tuple[datetime, str]:
    """When a source was heard again, and what became of what was published meanwhile."""
    gaps = [gap for gap in program.store.sources.ranges.of(name) if gap.until is None or gap.until > since]
    holes = [gap for gap in gaps if gap.reason in SILENT]
    ends = [gap.until for gap in holes if gap.until is not None]
    ends += [each.until for each in program.store.sources.states.of(name) if each.until and each.state in NO_DATA]
    missing = sum(((gap.until or now) - max(gap.since, since) for gap in gaps if gap.filled_at is None), timedelta(0))
    if missing > timedelta(0):
        note = f"{length(missing)} of what was published could not be read: what is known of that time has a hole."
    else:
        note = "What was published meanwhile was read afterwards." if holes else ""
    return max((each for each in ends if each > since), default=now), note


# Receivers


def _receivers(program: Program, now: datetime) -> Iterator[tuple[str, Trouble]]:
    for name, since, why in unreached(program, now=now):
        fallback = program.fallbacks.get(name)
        means = f'"{fallback}" stands in for it.' if fallback else "What is told there is not heard by anybody."
        yield RECEIVER + name, Trouble(
            what=f'Receiver "{name}"', state="not reached", since=since, why=why, means=means,
            todo=f"`alerts test {name}` tries it; its address and key are in alerts.toml.",
        )  # fmt: skip


def unreached(program: Program, *, now: datetime) -> list[tuple[str, datetime, str]]:
    """Receivers that messages do not reach: the name, since when, the last reason.

    Those that fail again and again, and those whose last message was given up.
    """
    store = program.store
    found = {each.receiver: (each.broken_since or now, each.last_error or "") for each in store.receivers.broken()}
    for receiver, died, why in store.periods.given_up(now - LETTERS):
        reached = store.receivers.state(receiver).last_sent
        if receiver not in found and (reached is None or reached < died):
            found[receiver] = (died, why)
    return [(name, *found[name]) for name in sorted(found) if name in program.receivers]


# Stages


def _stages(program: Program, now: datetime) -> Iterator[tuple[str, Trouble]]:
    waiting = program.store.scores.oldest_pending()
    late = waiting is not None and now - waiting >= STUCK
    first = program.store.scores.pending(limit=1) if late else []
    step = EPOCH + timedelta(milliseconds=first[0].mention_id) if first else None
    if since := _stands_still(program, SCORING, step, now):
        yield SCORING, Trouble(
            what="Scoring", state="stuck", since=since,
            why=f"the oldest post waits since {iso(waiting)}" if waiting else "",
            means="New posts have no score, so that no alert can come.",
            todo="`doctor` looks at the model, memory and disk; then start the program again.",
        )  # fmt: skip
    if since := _stands_still(program, DETECTION, _uninspected(program, now), now):
        yield DETECTION, Trouble(
            what="Detection", state="stuck", since=since, why="what is scored is not inspected",
            means="No alert can come.", todo="`detect-pending` says what is wrong; then start the program again.",
        )  # fmt: skip


def _stands_still(program: Program, stage: str, step: datetime | None, now: datetime) -> datetime | None:
    """Since when a stage makes no step, where that is long; `step` names where it stands, None: nothing waits."""
    beats = program.store.beats
    told, looked = beats.of(_STEP).get(stage), beats.last(_LOOK, stage)
    if step is None:
        if told is not None:
            with program.store.transaction():
                beats.forget(_STEP, stage)
                beats.forget(_LOOK, stage)
        return None
    moved = told is None or told.since != step or looked is None or not timedelta(0) <= now - looked <= OFF
    with program.store.transaction():
        beats.mark(_LOOK, stage, at=now)
        if moved:
            beats.forget(_STEP, stage)
            beats.mark(_STEP, stage, at=now, since=step)
    return None if moved or told is None or now - told.last < STUCK else told.last


def _uninspected(program: Program, now: datetime) -> datetime | None:
    """Until when a brand was inspected whose newer posts should have been inspected long ago; None: there is none."""
    watched = [card.name for card in program.settings.brands if not card.competitor]
    rules = [rule for rule in program.rules if any(rule.watches(name) for name in watched)]
    if not rules:
        return None
    store, long_ago = program.store.detection, ready_until(program, now) - STUCK
    late = {name: until for name, until in store.inspected(watched).items() if until < long_ago}
    waiting = {name: store.next_known(name, until) for name, until in late.items()}
    return min((late[name] for name, known in waiting.items() if known is not None and known < long_ago), default=None)
