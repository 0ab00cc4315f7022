"""Say in words what is missing: settings, credentials, model, network, disk, clock, database.

Knows how to look at each; changes nothing. The exit code is 1 when something that is configured cannot work.
"""

import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import typer

import models
from monitor import __version__, plugins
from monitor.analysis.slices import fits
from monitor.cli._common import ConfigOption, DbOption, JsonOption, counted, emit_json, new_app, settings_of, talk
from monitor.clock import SystemClock, iso
from monitor.domain import Secret
from monitor.errors import MonitorError
from monitor.pipeline.keys import link_key
from monitor.pipeline.program import addresses_in, check_slices, credential_of, load_router, values_in
from monitor.settings import PluginSettings, Settings, SourceSettings
from monitor.store import Store
from monitor.store.database import SAFE_SQLITE, sqlite_version
from monitor.store.polls import RECHECK
from monitor.store.sources import SourceHealth
from monitor.store.states import UNREADABLE, SourceState

app = new_app()
LEAST_FREE = 500_000_000  # bytes
DNS_PATIENCE = 3.0  # seconds
LOCAL = ("localhost", "127.0.0.1", "::1")
OFTEN = 3  # failures in a row that are no hiccup


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: True is well, None is worth knowing, False cannot work."""

    what: str
    well: bool | None
    words: str


@app.command()
def main(config: ConfigOption = None, db: DbOption = None, as_json: JsonOption = False) -> None:
    """Say in words what is missing: settings, credentials, model, network, disk, clock, database."""
    found = list(_all(config, db))
    if as_json:
        emit_json(found)
    else:
        for item in found:
            mark = {True: "ok  ", None: "note", False: "FAIL"}[item.well]
            talk.print(f"{mark}  {item.what}: {item.words}", markup=False)
    if any(item.well is False for item in found):
        raise typer.Exit(1)


def _all(config: Path | None, db: Path | None) -> Iterator[Finding]:
    yield Finding("program", True, f"version {__version__}, Python {sys.version.split()[0]}")
    yield from _plugins()
    try:
        settings = settings_of(config, db)
    except MonitorError as error:
        yield Finding("settings", False, str(error))
        return
    yield Finding("settings", True, f"{settings.folder} is in order")
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _model,
        _secrets,
        _web,
        _routine,
        _network,
        _disk,
        _database,
    )
    for check in checks:
        yield from check(settings)


def _plugins() -> Iterator[Finding]:
    for port in plugins.PORTS:
        kinds, broken = plugins.kinds(port), []
        for kind in kinds:
            try:
                plugins.load(port, kind)
            except Exception as error:  # noqa: BLE001 - whatever a plugin's import raises is what we are here to tell
                broken.append(f"{kind} ({error})")
        words = ", ".join(kinds) + (f"; cannot be loaded: {'; '.join(broken)}" if broken else "")
        yield Finding(port, not broken, words)


def _model(settings: Settings) -> Iterator[Finding]:
    for info in models.available():
        yield Finding("model", True if info.ok else None, f"{info.name} ({info.engine}): {info.missing or info.where}")
    try:
        router = load_router(settings)
    except MonitorError as error:
        yield Finding("model in use", False, str(error))
        return
    yield _answering("model in use", router.first)
    for code, reader in router.routes.items():
        what = "all other languages" if code == models.OTHERS else code
        yield _answering(f"model for {what}", reader, code)
    if models.OTHERS in router.routes and router.first.languages is None:
        words = '"*" is never asked: nobody says what the first model was measured on. Set [model] measured.'
        yield Finding("languages", None, words)
    elif models.OTHERS not in router.routes and router.first.languages is not None:
        yield Finding("languages", True, "a post in any other language is unsure, with the reason")


def _answering(what: str, reader: models.Reader, code: str | None = None) -> Finding:
    """Whether a model answers, and in which languages it may."""
    try:
        scorer = reader.scorer()
        scorer.predict(["The parcel never came."])
    except models.ModelError as error:
        return Finding(what, False, str(error))
    measured = "nobody says on which languages" if reader.languages is None else ", ".join(sorted(reader.languages))
    engine = getattr(scorer, "engine", "an engine of its own")
    words = f"{scorer.name} answers, on {engine}; measured on: {measured}"
    if code in (None, models.OTHERS) or reader.reads(code):
        return Finding(what, True, words)
    return Finding(what, None, f"{words}; so a post in {code} is unsure")


def _secrets(settings: Settings) -> Iterator[Finding]:
    wanted: list[PluginSettings] = [source for source in settings.sources if source.enabled]
    for item in [*wanted, *settings.receivers]:
        for secret in (
            each for value in _values(item.options) for each in values_in(value) if isinstance(each, Secret)
        ):
            try:
                secret.reveal()
                yield Finding(f"credential of {item.name}", True, f"{secret.reference} is set")
            except LookupError as error:
                yield Finding(f"credential of {item.name}", False, f"{error}.")
            except ValueError:  # whose words may hold the secret
                yield Finding(f"credential of {item.name}", False, f"{secret.reference}: cannot be read as text.")


def _web(settings: Settings) -> Iterator[Finding]:
    """Whether people can act by the links in messages, and nobody else by listening."""
    web = settings.web
    if web.public_url is None:
        yield Finding("links", True, "messages carry none; [web] public_url, where people reach `run`, makes them")
        return
    try:
        if web.link_secret is not None:
            link_key(web.link_secret, settings.store.path)
    except MonitorError as error:
        yield Finding("links", False, str(error))
        return
    address = urlsplit(web.public_url)
    if address.scheme != "https" and address.hostname not in LOCAL:
        words = f"{web.public_url} is not https: whoever listens on the way can use a link. Put HTTPS before `run`"
        yield Finding("links", None, words)
    else:
        yield Finding("links", True, f"they lead to {web.public_url}, and `run` answers at {web.bind}")


def _routine(settings: Settings) -> Iterator[Finding]:
    """Whether anybody hears of the program itself."""
    routine = settings.routine
    if not settings.receivers:
        yield Finding("heartbeat", None, "there is no receiver: nobody hears when a source goes blind")
    elif not routine.heartbeat:
        yield Finding("heartbeat", None, "it is switched off: a program that is dead is as quiet as a calm day")
    else:
        ping = "" if routine.ping else "; a watchdog elsewhere that [routine] ping asks would know if it died"
        yield Finding("heartbeat", True, f"each day at {routine.heartbeat} ({routine.timezone}){ping}")
    if routine.ping is not None:
        try:
            routine.ping.reveal()
            yield Finding("ping", True, f"{routine.ping.reference} is set")
        except LookupError as error:
            yield Finding("ping", False, f"{error}.")


def _network(settings: Settings) -> Iterator[Finding]:
    """Whether the hosts that the enabled sources' options name have an address; nothing is asked of them."""
    hosts = {
        host: source.name
        for source in settings.sources
        if source.enabled
        for option in _values(source.options)
        for value in addresses_in(option)
        if (host := _host(value))
    }
    if not hosts:
        yield Finding("network", True, "no enabled source needs it")
    for host, name in hosts.items():
        yield _resolves(host, name)


def _host(address: str) -> str:
    """The host of an address; what is no address, as it stands."""
    try:
        return urlsplit(address).hostname or address
    except ValueError:
        return address


def _resolves(host: str, source: str) -> Finding:
    answers: list[str | None] = []
    asking = threading.Thread(target=lambda: answers.append(_fault(host)), daemon=True)
    asking.start()
    asking.join(DNS_PATIENCE)  # the system's own patience may be minutes
    fault = answers[0] if answers else f"no answer in {DNS_PATIENCE:.0f} s"
    if fault is None:
        return Finding(f"network for {source}", True, f"{host} has an address")
    return Finding(
        f"network for {source}", False, f"{host} has no address ({fault}). Check its spelling and the connection."
    )


def _fault(host: str) -> str | None:
    try:
        socket.getaddrinfo(host, 443)
    except OSError as error:
        return error.strerror or str(error)
    except UnicodeError:
        return "it is not the name of a host"
    return None


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.store.path.resolve().parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    yield Finding("disk", True if free >= LEAST_FREE else None, f"{free / 1e9:.1f} GB free in {folder}")


def _database(settings: Settings) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sqlite_version())
    safe = sqlite_version() >= SAFE_SQLITE
    advice = (
        "" if safe else "; older than 3.51.3: do not open the file from two programs at once (pip install pysqlite3)"
    )
    yield Finding("SQLite", True if safe else None, version + advice)
    path = settings.store.path
    if not path.is_file():
        yield Finding("database", True, f"{path} is not there yet; it is made when it is needed")
        yield Finding("clock", True, f"{iso(SystemClock().now())}; nothing to compare it with yet")
        return
    try:
        with Store(path, write=False) as store:
            yield Finding("database", True, f"{path} holds {counted(store.mentions.count(), 'post')}")
            yield _clock(store)
            yield from _sources(settings, store)
            yield from _limits(settings, store)
            yield from _messages(store)
            yield from _slices(settings, store)
    except MonitorError as error:
        yield Finding("database", False, str(error))


def _slices(settings: Settings, store: Store) -> Iterator[Finding]:
    """Rules on slices that cannot be, and on those in which there was never a post: a slip of the pen looks like it."""
    try:
        check_slices(settings)
    except MonitorError as error:
        yield Finding("slices", False, str(error))
        return
    wanted = [(rule.name, pattern) for rule in settings.rules for pattern in rule.slices]
    known = store.scores.slices() if wanted else set()
    for rule, pattern in wanted:
        if not any(fits(pattern, each) for each in known):
            yield Finding(f"rule {rule}", None, f'there are no posts in "{pattern}" so far; watched when there are')


def _sources(settings: Settings, store: Store) -> Iterator[Finding]:
    """How each source does; one that failed often, or whose rows have an unknown shape, cannot work."""
    health, states = store.sources.health(), store.sources.states.lasting()
    for source in settings.sources:
        if source.enabled and source.name in health:
            yield _doing(source.name, health[source.name], states.get(source.name, ()))


def _doing(name: str, health: SourceHealth, states: Sequence[SourceState]) -> Finding:
    told = [f"{each.state} since {iso(each.since)} ({each.detail})" for each in states]
    if health.blind_since is not None:
        told.insert(0, f"blind since {iso(health.blind_since)} ({health.last_error})")
    if not told:
        return Finding(f"source {name}", True, "read")
    broken = health.failures >= OFTEN or any(each.state == UNREADABLE for each in states)
    return Finding(f"source {name}", False if broken else None, "; ".join(told))


def _limits(settings: Settings, store: Store) -> Iterator[Finding]:
    """The limits that are running, each with all the sources that wait for it."""
    waits = store.sources.states.waits(now=SystemClock().now())
    if not waits:
        return
    names: dict[str, list[str]] = {}
    for source in settings.sources:
        if source.enabled:
            names.setdefault(_credential(source), []).append(source.name)
    for key, wait in waits.items():
        own = key.removesuffix(RECHECK)
        if own in names:
            who = ", ".join(names[own]) + ("" if own == key else ", to re-check")
            yield Finding("limit", None, f"{who}: nothing is asked until {iso(wait.until)}; {wait.reason}")


def _credential(source: SourceSettings) -> str:
    return credential_of(source, plugins.load("collectors", source.kind)(source.name, source.options))


def _messages(store: Store) -> Iterator[Finding]:
    """Receivers whom alerts do not reach: one that gave up messages has missed an alert."""
    for receiver, queued, dead, reason in store.outbox.troubled():
        waiting = f"{queued} message{'' if queued == 1 else 's'} tried again later, {dead} given up"
        yield Finding(f"messages to {receiver}", False if dead else None, f"{waiting}; {reason}")


def _clock(store: Store) -> Finding:
    """A clock behind the newest poll has jumped: times would be wrong from here on."""
    now = SystemClock().now()
    newest = max((h.last_poll for h in store.sources.health().values() if h.last_poll), default=None)
    if newest is not None and newest > now + timedelta(minutes=1):
        return Finding("clock", False, f"it says {iso(now)}, but the last poll was at {iso(newest)}. Set the clock.")
    return Finding("clock", True, iso(now))


def _values(options: Any) -> list[Any]:
    return [getattr(options, item.name) for item in fields(options)]
