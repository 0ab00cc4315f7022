"""Everything that a run needs, made from the settings: sources, rules, receivers, the model on demand.

Knows how the parts are put together; what they do is in the stages.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import models
from monitor import links, plugins
from monitor.alerting.calendars import Calendar, Span
from monitor.alerting.group_message import GroupTemplates
from monitor.alerting.inhibition import Inhibition
from monitor.alerting.message import Templates
from monitor.alerting.routine_message import RoutineTexts
from monitor.alerting.routing import Route
from monitor.alerting.silences import Matchers, Silence
from monitor.analysis.brands import Matcher, query
from monitor.analysis.budget import Caps, Step
from monitor.analysis.slices import MOST_WATCHED
from monitor.clock import Clock
from monitor.domain import WHOLE, Brand, Incident, IncidentStatus, Link, Query, Secret, real_brand
from monitor.errors import ModelUnavailable, SettingsError
from monitor.pipeline import keys
from monitor.ports import Collector, Detector, Notifier
from monitor.settings import RuleSettings, Settings, SourceSettings
from monitor.settings_alerts import CalendarTable, SilenceTable, hours_of, week_of
from monitor.store import Store

WHOLE_SHARE = 0.85  # of a rule's false alarms; its slices have the rest
LEAST_RATE = 0.001  # false alarms a week: less cannot be asked of a detector
QUICK = timedelta(minutes=15)  # a source that is read less often does not hold detection back
NO_CAPS = Caps()
ADDRESSES = ("http://", "https://", "ws://", "wss://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A collector with its query, its rhythm and its means."""

    name: str
    collector: Collector
    query: Query
    every: timedelta
    brands: tuple[str, ...]  # empty: all
    credential: str = ""  # sources with the same one share the platform's limits; empty: it has its own
    caps: Caps = NO_CAPS
    fewer: Query | None = None  # what is asked for where money is short: no competitors; None: there are none
    fewest: Query | None = None  # no hashtags either

    @property
    def limit(self) -> str:
        """What its waits are kept under."""
        return self.credential or f"source {self.name}"

    @property
    def narrower(self) -> dict[Step, tuple[Query, str]]:
        """The queries that ask for less, where they do, each with what it leaves out, in words."""
        found: dict[Step, tuple[Query, str]] = {}
        if self.fewer not in (None, self.query):
            found[Step.FEWER] = (self.fewer or self.query, "competitors")
        if self.fewest not in (None, self.fewer or self.query):
            what = "competitors and hashtags" if found else "hashtags"
            found[Step.FEWEST] = (self.fewest or self.query, what)
        return found

    @property
    def patience(self) -> timedelta:
        """How long after a poll the next one may come before the time between counts as a hole: a program that is
        switched off, or asleep, hears nothing."""
        return max(3 * self.every, self.every + timedelta(minutes=10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A detector with the brands that it watches."""

    name: str
    detector: Detector
    patterns: tuple[str, ...]
    fingerprint: str  # of its settings: a changed rule starts again from history
    slices: tuple[str, ...] = ()  # parts of a brand that it also watches, as patterns

    def detector_for(self, slice_: str) -> Detector:
        """The detector with this slice's part of the false alarms that the rule may make.

        Most go to the whole, the rest in equal parts to as many slices as may be watched: what one slice may do does
        not hang on how many there are today.
        """
        if not self.slices:
            return self.detector
        return _rated(self.detector, WHOLE_SHARE if slice_ == WHOLE else (1 - WHOLE_SHARE) / MOST_WATCHED)

    def watches(self, brand: str) -> bool:
        """Whether the rule is meant for a brand, or for the one that a drill rehearses."""
        names = {brand.casefold(), real_brand(brand).casefold()}
        return any(fnmatchcase(name, pattern.casefold()) for pattern in self.patterns for name in names)


@dataclass(slots=True, kw_only=True)
class Program:
    """One run's parts. Models are loaded when their first post is scored."""

    settings: Settings
    store: Store
    clock: Clock
    sources: tuple[Source, ...]
    rules: tuple[Rule, ...]
    receivers: dict[str, Notifier]
    routes: tuple[Route, ...]
    matcher: Matcher
    settle: timedelta
    templates: Templates  # tried when they were read: a mistake in one shows at the start, and not in a crisis
    group_templates: GroupTemplates
    routine_texts: RoutineTexts
    fallbacks: Mapping[str, str] = field(default_factory=dict)  # receiver → who stands in for it
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    silences: tuple[Silence, ...] = ()  # those of the settings file; people's are in the store
    inhibitions: tuple[Inhibition, ...] = ()
    _router: models.Router | None = field(default=None)
    _link_key: bytes | None = field(default=None, repr=False)

    def router(self) -> models.Router:
        """The models that the settings name, by language. Raises ModelUnavailable, in one sentence."""
        if self._router is None:
            self._router = load_router(self.settings)
        return self._router

    def link_key(self) -> bytes:
        """What signs the links in messages. Raises SettingsError where there can be none."""
        if self._link_key is None:
            self._link_key = keys.link_key(self.settings.web.link_secret, self.store.path)
        return self._link_key

    def links(self, incident: Incident, receiver: str, now: datetime) -> tuple[Link, ...]:
        """What a receiver can do from a message; nothing where people reach no server, or the incident is over."""
        base = self.settings.web.public_url
        if base is None or incident.status is IncidentStatus.RESOLVED:
            return ()
        return links.make(base, self.link_key(), incident.id, receiver, now=now)

    def watched(self, brand: str) -> bool:
        """Whether alerts are wanted for a brand: competitors are only measured."""
        return all(not card.competitor for card in self.settings.brands if card.name == real_brand(brand))


def load_model(settings: Settings, name: str | None = None) -> models.Scorer:
    """The named model, or the one in the settings with its calibration. Raises ModelUnavailable, in one sentence."""
    section = settings.model
    try:
        return models.load(
            name or section.name, threads=section.threads, device=section.device,
            calibration=None if name else section.calibration,
        )  # fmt: skip
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error


def load_router(settings: Settings, name: str | None = None) -> models.Router:
    """The settings' models by language, the first one loaded; or the named one alone, for the languages that it says.

    Raises ModelUnavailable, in one sentence, where the first cannot be loaded.
    """
    section = settings.model
    scorer = load_model(settings, name)
    if name:
        return models.Router.of(scorer, models.languages_of(name))
    first = models.Reader(
        lambda: scorer, section.measured or models.languages_of(section.name),
        models.confusions_of(section.name, calibration=section.calibration),
    )  # fmt: skip
    readers = {section.name: first}
    for code, model in section.languages.items():
        readers.setdefault(model, _reader(settings, code, model))
    return models.Router(first, {code: readers[model] for code, model in section.languages.items()})


def _reader(settings: Settings, code: str, model: str) -> models.Reader:
    return models.Reader(_opener(settings, code, model), models.languages_of(model), models.confusions_of(model))


def _opener(settings: Settings, code: str, model: str) -> Callable[[], models.Scorer]:
    section = settings.model

    def opened() -> models.Scorer:
        try:
            return models.load(model, threads=section.threads, device=section.device)
        except models.ModelError as error:
            raise models.ModelError(f"[model.languages] {code}: {error}") from error

    return opened


def build(settings: Settings, store: Store, clock: Clock, *, scorer: models.Scorer | None = None) -> Program:
    """Make every configured part; nothing is opened yet. Raises SettingsError where a template cannot be used."""
    check_slices(settings)
    sources = tuple(source_from(item, settings) for item in settings.sources if item.enabled)
    return Program(
        settings=settings, store=store, clock=clock, sources=sources,
        rules=tuple(_rule(item) for item in settings.rules),
        receivers={r.name: plugins.load("notifiers", r.kind)(r.name, r.options) for r in settings.receivers},
        routes=tuple(Route(**dict(table)) for table in settings.routes),
        fallbacks={r.name: r.fallback for r in settings.receivers if r.fallback},
        calendars={table.name: _calendar(table) for table in settings.calendars},
        silences=tuple(_silence(table) for table in settings.silences),
        inhibitions=tuple(Inhibition(**dict(table)) for table in settings.inhibitions),
        group_templates=GroupTemplates(settings.folder / "templates"),
        routine_texts=RoutineTexts(settings.folder / "templates"),
        matcher=Matcher(settings.brands), settle=_settle(settings, sources),
        templates=Templates(settings.folder / "templates"), _router=models.Router.of(scorer) if scorer else None,
    )  # fmt: skip


def source_from(item: SourceSettings, settings: Settings) -> Source:
    """The source that a table of the settings describes; nothing is opened."""
    cards = [card for card in settings.brands if not item.brands or card.name in item.brands]
    own = [card for card in cards if not card.competitor] or cards
    collector = plugins.load("collectors", item.kind)(item.name, item.options)
    return Source(
        name=item.name, collector=collector, query=query(cards), every=item.every, brands=item.brands,
        credential=credential_of(item, collector), caps=Caps(daily=item.daily_cap, monthly=item.monthly_cap),
        fewer=query(own), fewest=_untagged(own),
    )  # fmt: skip


def _untagged(cards: Sequence[Brand]) -> Query:
    return query([replace(card, hashtags=()) for card in cards])


def credential_of(item: SourceSettings, collector: object) -> str:
    """What a platform counts a source's limits by, as a digest: kind, key, server and endpoint.

    A key is known by where it is (env:NAME, file:PATH); its value is not read.
    """
    parts = [item.kind, str(getattr(collector, "endpoint", ""))]
    for each in fields(item.options):
        value = getattr(item.options, each.name)
        parts += sorted(f"{each.name}={secret.reference}" for secret in values_in(value) if isinstance(secret, Secret))
        parts += [f"{each.name}={address}" for address in addresses_in(value)]
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()


def addresses_in(value: object) -> list[str]:
    """The addresses that an option holds, however deep."""
    return [each for each in values_in(value) if isinstance(each, str) and each.startswith(ADDRESSES)]


def values_in(value: Any) -> Iterator[object]:
    """The single values of an option: those of a list or a table one by one."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from values_in(each)
    elif isinstance(value, tuple | list | set | frozenset):
        for each in value:
            yield from values_in(each)
    else:
        yield value


def _rule(item: RuleSettings) -> Rule:
    detector = plugins.load("detectors", item.kind)(item.name, item.options)
    said = f"{item.kind} {item.options!r}" + (f" {sorted(item.slices)!r}" if item.slices else "")
    return Rule(name=item.name, detector=detector, patterns=item.brands, fingerprint=said, slices=item.slices)


def check_slices(settings: Settings) -> None:
    """Raise SettingsError for a rule on a slice that no post can ever be in."""
    for rule in settings.rules:
        for pattern in rule.slices:
            _check_slice(rule.name, pattern)


def _check_slice(rule: str, pattern: str) -> None:
    kind, _, value = pattern.partition("=")
    known = models.TOUCHPOINTS
    if kind == "touchpoint" and value and value.casefold() not in known:
        raise SettingsError(f'Rule "{rule}": there is no touchpoint "{value}"; there are {", ".join(known)}.')
    if kind == "language" and value and not re.fullmatch(r"[a-z]{2,3}", value.casefold()):
        raise SettingsError(f'Rule "{rule}": "{value}" is not a language; write ISO 639, as in "language=de".')


def _rated(detector: Detector, share: float) -> Detector:
    """The same detector with a part of its false alarms; itself where it knows no such rate."""
    options = getattr(detector, "options", None)
    rate = getattr(options, "false_alarms_per_week", None)
    if options is None or rate is None:
        return detector
    kind: Any = type(detector)
    made: Detector = kind(detector.name, replace(options, false_alarms_per_week=max(LEAST_RATE, rate * share)))
    return made


def _calendar(table: CalendarTable) -> Calendar:
    week: dict[int, tuple[Span, ...]] = {}
    for day, start, end in week_of(table.hours):
        week[day] = (*week.get(day, ()), Span(start, end))
    return Calendar(
        name=table.name, timezone=table.timezone, week=week, holidays=frozenset(table.holidays),
        holiday_hours=tuple(Span(start, end) for start, end in hours_of(table.holiday_hours)),
    )  # fmt: skip


def _silence(table: SilenceTable) -> Silence:
    matchers = Matchers(brands=table.brands, rules=table.rules, slices=table.slices, severity=table.severity)
    return Silence(matchers=matchers, since=table.since, until=table.until, by=table.by, why=table.why)


def _settle(settings: Settings, sources: Sequence[Source]) -> timedelta:
    """How long after its end a bucket is inspected, so that every quick source has been read past it."""
    if settings.detection.settle is not None:
        return settings.detection.settle
    quick = [source.every + settings.schedule.jitter for source in sources if source.every <= QUICK]
    return max(quick, default=timedelta(0))


def never() -> bool:
    """Nobody asks to stop."""
    return False


Stop = Callable[[], bool]
Names = Iterable[str]
