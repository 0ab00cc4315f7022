"""Everything that a run needs, made from the settings: sources, rules, receivers, the model on demand.

Knows how the parts are put together; what they do is in the stages.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

import models
from monitor import plugins
from monitor.alerting.message import Templates
from monitor.alerting.routing import Route
from monitor.analysis.brands import Matcher, query
from monitor.analysis.budget import Caps, Step
from monitor.clock import Clock
from monitor.domain import Brand, Query, Secret
from monitor.errors import ModelUnavailable
from monitor.ports import Collector, Detector, Notifier
from monitor.settings import RuleSettings, Settings, SourceSettings
from monitor.store import Store

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

    def watches(self, brand: str) -> bool:
        """Whether the rule is meant for a brand."""
        return any(fnmatchcase(brand.casefold(), pattern.casefold()) for pattern in self.patterns)


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
    _router: models.Router | None = field(default=None)

    def router(self) -> models.Router:
        """The models that the settings name, by language. Raises ModelUnavailable, in one sentence."""
        if self._router is None:
            self._router = load_router(self.settings)
        return self._router

    def watched(self, brand: str) -> bool:
        """Whether alerts are wanted for a brand: competitors are only measured."""
        return all(not card.competitor for card in self.settings.brands if card.name == brand)


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
    first = models.Reader(lambda: scorer, section.measured or models.languages_of(section.name))
    readers = {section.name: first}
    for code, model in section.languages.items():
        readers.setdefault(model, models.Reader(_opener(settings, code, model), models.languages_of(model)))
    return models.Router(first, {code: readers[model] for code, model in section.languages.items()})


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
    sources = tuple(source_from(item, settings) for item in settings.sources if item.enabled)
    return Program(
        settings=settings, store=store, clock=clock, sources=sources,
        rules=tuple(_rule(item) for item in settings.rules),
        receivers={r.name: plugins.load("notifiers", r.kind)(r.name, r.options) for r in settings.receivers},
        routes=tuple(
            Route(receivers=r.receivers, brands=r.brands, severity=r.severity, continue_=r.continue_)
            for r in settings.routes
        ),
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
    return Rule(name=item.name, detector=detector, patterns=item.brands, fingerprint=f"{item.kind} {item.options!r}")


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
