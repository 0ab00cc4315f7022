"""config/*.toml become one frozen Settings, or are refused whole, in the reader's words.

Knows the shape of the settings and how plugins declare theirs (a frozen dataclass `Options` in the plugin's own file);
knows nothing of what anybody does with them. Environment variables MONITOR_SECTION__KEY override the plain sections
(`Sections`); secrets are references (env:NAME, file:PATH) that are read only when used.
"""

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from monitor import plugins
from monitor.domain import Brand, Secret, real_brand
from monitor.errors import SettingsError
from monitor.settings_alerts import (
    AlertsFile,
    CalendarTable,
    InhibitionTable,
    ReceiverTable,
    RouteTable,
    RuleTable,
    SilenceTable,
    wrong_names,
)
from monitor.settings_types import (
    BrandsFile,
    DetectionSection,
    ModelSection,
    MonitorFile,
    RoutineSection,
    ScheduleSection,
    Sections,
    SourceTable,
    StoreSection,
    WebSection,
    options_model,
    sentence,
    without_password,
)
from monitor.settings_words import EnvironmentText

ENVIRONMENT = "MONITOR_"
FILES = ("monitor.toml", "brands.toml", "alerts.toml")
_PLUGIN_TABLES: tuple[tuple[str, str, type[SourceTable | RuleTable | ReceiverTable], str], ...] = (
    ("monitor.toml", "source", SourceTable, "collectors"),
    ("alerts.toml", "rule", RuleTable, "detectors"),
    ("alerts.toml", "receiver", ReceiverTable, "notifiers"),
)
Plain = Mapping[str, Any]
File = TypeVar("File", MonitorFile, BrandsFile, AlertsFile)


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSettings:
    """One configured instance of a plugin: its name, its kind, its own options."""

    name: str
    kind: str
    options: Any  # the plugin's own Options


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings(PluginSettings):
    """A source: a collector with a name and a rhythm."""

    every: timedelta
    enabled: bool
    brands: tuple[str, ...]  # whose names it asks for; empty: all
    daily_cap: float | None = None  # US dollars; None: no cap
    monthly_cap: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings(PluginSettings):
    """A rule: a detector with a name, for the brands that its patterns match."""

    brands: tuple[str, ...]
    slices: tuple[str, ...] = ()  # parts of a brand that it watches one by one, beside the whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverSettings(PluginSettings):
    """A receiver: a notifier with a name, and who stands in for it."""

    fallback: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that is configured. `origins` tells where each plain value came from."""

    folder: Path
    store: StoreSection
    model: ModelSection
    detection: DetectionSection
    schedule: ScheduleSection
    web: WebSection
    routine: RoutineSection
    brands: tuple[Brand, ...]
    sources: tuple[SourceSettings, ...]
    rules: tuple[RuleSettings, ...]
    receivers: tuple[ReceiverSettings, ...]
    routes: tuple[RouteTable, ...]
    calendars: tuple[CalendarTable, ...] = ()
    silences: tuple[SilenceTable, ...] = ()
    inhibitions: tuple[InhibitionTable, ...] = ()
    origins: Mapping[str, str]

    def timezone_of(self, brand: str) -> str:
        """The brand's IANA time zone; UTC for a brand that has no card."""
        return next((card.timezone for card in self.brands if card.name == real_brand(brand)), "UTC")


def find_folder(asked: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of the settings: asked for, MONITOR_CONFIG, ./config, beside the program, or installed with it."""
    wanted = asked or (Path(environ["MONITOR_CONFIG"]) if environ.get("MONITOR_CONFIG") else None)
    places = [
        Path("config"),
        Path(__file__).parent.parent / "config",
        Path(sys.prefix) / "share" / "sentiment-monitor" / "config",
    ]
    tried = [wanted] if wanted else places
    for place in tried:
        if os.path.isfile(place / "monitor.toml"):  # unlike Path.is_file, False for whatever cannot be looked at
            return place
    looked = ", ".join(str(place) for place in tried)
    raise SettingsError(f"No monitor.toml found; looked in: {looked}. Name the folder with --config.")


def load(folder: Path, *, environ: Mapping[str, str] = os.environ, only: Plain | None = None) -> Settings:
    """Read and check every file; raise SettingsError with every problem at once.

    `only` replaces plain values ({"store.path": …}), as `--db` does.
    """
    problems: list[str] = []
    texts = {name: _read(folder / name, problems) for name in FILES}
    layers = _overlay(texts["monitor.toml"], environ, only or {}, folder / "monitor.toml", problems)
    main = _validated(MonitorFile, layers.values, folder / "monitor.toml", problems, layers.origins)
    cards = _validated(BrandsFile, texts["brands.toml"], folder / "brands.toml", problems)
    alerts = _validated(AlertsFile, texts["alerts.toml"], folder / "alerts.toml", problems)
    if main is None or cards is None or alerts is None:
        _look_further(folder, texts, problems)
        raise SettingsError(*problems)
    others = {name: _origins(texts[name], folder / name) for name in ("brands.toml", "alerts.toml")}
    origins = layers.origins | others["brands.toml"] | others["alerts.toml"]
    settings = _assemble(folder, main, cards, alerts, origins, problems)
    if problems:
        raise SettingsError(*problems)
    return settings


def brand_cards(path: Path) -> tuple[Brand, ...]:
    """The brand cards of one file, or SettingsError; the demo has a file of its own."""
    problems: list[str] = []
    cards = _validated(BrandsFile, _read(path, problems), path, problems)
    if problems or cards is None:
        raise SettingsError(*problems)
    return tuple(Brand(**dict(card)) for card in cards.brand)


def shown(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Every effective value as (key, value, where it came from); a secret shows its reference, never its value."""
    for section in Sections:
        for key, value in getattr(settings, section):
            yield from _lines(settings, f"{section}.{key}", value)
    for word, items in (("source", settings.sources), ("rule", settings.rules), ("receiver", settings.receivers)):
        for item in items:
            common = {key.name: getattr(item, key.name) for key in fields(item) if key.name not in ("name", "options")}
            own = {key.name: getattr(item.options, key.name) for key in fields(item.options)}
            for key, value in {**common, **own}.items():
                yield _line(settings, f'{word} "{item.name}".{key}', value)
    for card in settings.brands:
        for each in fields(card):
            yield _line(settings, f'brand "{card.name}".{each.name.rstrip("_")}', getattr(card, each.name))
    yield from _shown_tables(settings)


def _shown_tables(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """The tables of alerts.toml that have no plugin behind them."""
    for calendar in settings.calendars:
        for key, value in calendar:
            if key != "name":
                yield _line(settings, f'calendar "{calendar.name}".{key}', value)
    for word, tables in (
        ("route", settings.routes), ("silence", settings.silences), ("inhibition", settings.inhibitions)
    ):  # fmt: skip
        for number, table in enumerate(tables, 1):
            for key, value in table:
                yield _line(settings, f"{word} {number}.{key.rstrip('_')}", value)


def _lines(settings: Settings, key: str, value: object) -> Iterator[tuple[str, str, str]]:
    """A line, or one for each entry of a table that has some."""
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield f"{key}.{name}", as_written(each), settings.origins.get(key, "default")
    else:
        yield _line(settings, key, value)


def _line(settings: Settings, key: str, value: object) -> tuple[str, str, str]:
    return key, as_written(value), settings.origins.get(key, "default")


def as_written(value: object) -> str:
    """A value as a file would have it; a secret as its reference, an address without its password.

    >>> as_written(timedelta(minutes=90)), as_written(("a", "b")), as_written(None), as_written("http://me:pw@host/")
    ('90m', 'a, b', '', 'http://…@host/')
    """
    if isinstance(value, Secret):
        return value.reference
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, tuple | list | Mapping):
        return ", ".join(as_written(each) for each in value)
    return "" if value is None else without_password(str(value))


def duration_text(length: timedelta) -> str:
    """A duration as it is written: the largest unit in which it is a whole number.

    >>> duration_text(timedelta(hours=36)), duration_text(timedelta(seconds=2.5)), duration_text(timedelta(0))
    ('36h', '2.5s', '0s')
    """
    seconds = length.total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:g}s"


@dataclass(frozen=True, slots=True)
class _Layers:
    values: dict[str, Any]
    origins: dict[str, str]


def _overlay(text: Plain, environ: Mapping[str, str], only: Plain, path: Path, problems: list[str]) -> _Layers:
    values = {key: dict(value) if isinstance(value, dict) else value for key, value in text.items()}
    origins = _origins(values, path)
    for name, value in sorted(environ.items()):
        section, found, key = name.removeprefix(ENVIRONMENT).lower().partition("__")
        if not name.startswith(ENVIRONMENT) or not found:
            problems.extend(_one_underscore(name))
            continue
        if section not in Sections:
            problems.append(f"environment, {name}: there is no section [{section}]; there are: {', '.join(Sections)}.")
            continue
        if isinstance(values.setdefault(section, {}), dict):  # else the section itself is refused
            values[section][key] = EnvironmentText(value)
            origins[f"{section}.{key}"] = f"environment, {name}"
    for place, value in only.items():
        section, _, key = place.partition(".")
        if isinstance(values.setdefault(section, {}), dict):
            values[section][key] = value
            origins[place] = "command line"
    return _Layers(values, origins)


def _one_underscore(name: str) -> Iterator[str]:
    for section in Sections:
        start, _, key = name.partition(f"{section.upper()}_")
        if start == ENVIRONMENT and key:
            yield f"environment, {name}: two underscores part section and key: {ENVIRONMENT}{section.upper()}__{key}."


def _origins(values: Plain, path: Path) -> dict[str, str]:
    """Which keys a file holds, under the names by which `shown` calls them."""
    found: dict[str, str] = {}
    for word, held in values.items():
        if isinstance(held, dict):
            found.update({f"{word}.{key}": str(path) for key in held})
        for number, table in enumerate(held if isinstance(held, list) else (), 1):
            if isinstance(table, dict):
                label = f'{word} "{table["name"]}"' if "name" in table else f"{word} {number}"
                found.update({f"{label}.{key}": str(path) for key in table})
    return found


def _read(path: Path, problems: list[str]) -> Plain:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        problems.append(f"{path}: the file is missing; the one that came with the program shows every key.")
    except OSError as error:
        problems.append(f"{path}: cannot be read ({error.strerror}).")
    except UnicodeDecodeError as error:
        problems.append(f"{path}: is not UTF-8 text (byte {error.start + 1}). Save it as UTF-8.")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problems.append(f"{path}: is not TOML: {error}.")
    return {}


def _validated(
    kind: type[File], values: Plain, path: Path, problems: list[str], origins: Mapping[str, str] | None = None
) -> File | None:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems.extend(sentence(item, values, path, origins or {}) for item in error.errors())
        return None


def _look_further(folder: Path, texts: Mapping[str, Plain], problems: list[str]) -> None:
    """After a refusal: the plugins' own options of the tables that are in order, so that all is said at once."""
    for file, word, kind, port in _PLUGIN_TABLES:
        held = texts[file].get(word, ())
        for values in held if isinstance(held, list) else ():
            try:
                table = kind.model_validate(values)
            except ValidationError:
                continue  # told already
            _options(port, table, folder / file, word, problems)


def _assemble(
    folder: Path, main: MonitorFile, cards: BrandsFile, alerts: AlertsFile, origins: Plain, problems: list[str]
) -> Settings:
    monitor, rules = folder / "monitor.toml", folder / "alerts.toml"
    known = {card.name for card in cards.brand}
    sources = [
        SourceSettings(
            name=table.name, kind=table.kind, every=table.every, enabled=table.enabled, brands=table.brands,
            options=_options("collectors", table, monitor, "source", problems),
            daily_cap=table.daily_cap, monthly_cap=table.monthly_cap,
        )
        for table in main.source
    ]  # fmt: skip
    for table in main.source:
        problems.extend(
            f'{monitor}, [[source]] "{table.name}": brands names "{name}", which has no card in brands.toml.'
            for name in table.brands
            if name not in known
        )
    receivers = [
        ReceiverSettings(
            name=table.name, kind=table.kind, options=_options("notifiers", table, rules, "receiver", problems),
            fallback=table.fallback,
        )
        for table in alerts.receiver
    ]  # fmt: skip
    problems.extend(f"{rules}, {problem}" for problem in wrong_names(alerts))
    problems.extend(_unknown_hearers(main, alerts, monitor))
    return Settings(
        folder=folder, store=main.store, model=main.model, detection=main.detection, schedule=main.schedule,
        web=main.web, routine=main.routine,
        brands=tuple(Brand(**dict(card)) for card in cards.brand), sources=tuple(sources),
        rules=tuple(
            RuleSettings(
                name=table.name, kind=table.kind, brands=table.brands, slices=table.slices,
                options=_options("detectors", table, rules, "rule", problems),
            )
            for table in alerts.rule
        ),
        receivers=tuple(receivers), routes=alerts.route, calendars=alerts.calendar, silences=alerts.silence,
        inhibitions=alerts.inhibition, origins=origins,
    )  # fmt: skip


def _unknown_hearers(main: MonitorFile, alerts: AlertsFile, path: Path) -> Iterator[str]:
    """Receivers of [routine] that are not there."""
    names = sorted(table.name for table in alerts.receiver)
    for name in main.routine.receivers:
        if name not in names:
            yield (
                f'{path}, [routine]: receivers names "{name}", but there is no such [[receiver]] in alerts.toml;'
                f" there are: {', '.join(names) or 'none'}."
            )


def _options(port: str, table: Any, path: Path, word: str, problems: list[str]) -> Any:
    """The plugin's own options from what the table says beyond the common keys; None after a problem."""
    where = f'{path}, [[{word}]] "{table.name}"'
    try:
        kind = plugins.load(port, table.kind)
    except SettingsError as error:
        problems.append(f"{where}: kind: {error}")
        return None
    values = table.model_extra or {}
    try:
        checked = options_model(kind.Options).model_validate(values)
        return kind.Options(**{key: getattr(checked, key) for key in type(checked).model_fields})
    except ValidationError as error:
        problems.extend(sentence(item, values, path, {}, where=where) for item in error.errors())
    except (ValueError, TypeError, ArithmeticError) as error:  # what the plugin itself refuses
        problems.append(f"{where}: {str(error).rstrip('.')}.")
    return None
