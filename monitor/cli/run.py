"""Listen, score and alert until you stop it (Ctrl-C).

Knows the scheduler, the signals, and the server for other programs that push posts and for people who act by a link
(only where the settings ask for either); where it was, lies in the database, so a stop at any moment loses nothing.
"""

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any
from urllib.parse import quote

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from monitor import acts, hooks
from monitor.cli._common import ConfigOption, DbOption, VerboseOption, logs, new_app, opened, talk
from monitor.cli._doors import desk
from monitor.clock import Clock
from monitor.errors import MonitorError, SettingsError, StoreFull
from monitor.pipeline import ping
from monitor.pipeline.program import Program
from monitor.pipeline.schedule import Runner
from monitor.ports import Listener

HEADERS_IN = 10.0  # seconds for a request's first line and headers
CONNECTIONS = 64  # at a time; more are told to come again, …
MOST_LINES = 4 * CONNECTIONS  # … and beyond these nobody is heard: open files are for the program's own work
GRACE = 2  # seconds for requests that are being answered, after somebody asked to stop
app = new_app()


@app.command()
def main(config: ConfigOption = None, db: DbOption = None, verbose: VerboseOption = False) -> None:
    """Listen, score and alert until you stop it (Ctrl-C)."""
    logs(verbose=verbose)
    with opened(config, db) as program:
        talk.print(
            f"Listening: {', '.join(source.name for source in program.sources) or 'no source is enabled'};"
            f" rules: {', '.join(rule.name for rule in program.rules) or 'none'}; database: {program.store.path}."
            " Stop with Ctrl-C.",
            markup=False,
        )
        serve(program)
    leave()


def leave() -> None:
    """End at once, whatever other threads wait for (a platform's answer, a receiver that drips).

    The database is closed and all that was committed is safe; Python itself would wait for them for ever.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if threading.active_count() > 1:
        os._exit(0)


def serve(program: Program) -> None:
    """Run until SIGTERM or SIGINT."""
    asked = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        asked.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    runner = Runner(program, failed=_say, ping=ping.of(program.settings.routine.ping))
    try:
        with _door(program):
            runner.start()
            asked.wait()
            talk.print("Stopping …")
            runner.stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(error: MonitorError) -> None:
    talk.print(str(error) + (" The next round tries again." if isinstance(error, StoreFull) else ""), markup=False)


# The server


@contextmanager
def _door(program: Program) -> Iterator[None]:
    """Serve the doors that the settings ask for: one for what is pushed, one for the links in messages."""
    settings = program.settings.web
    found = {source.name: source.collector for source in program.sources}
    listeners = {name: collector for name, collector in found.items() if isinstance(collector, Listener)}
    doors = [hooks.routes(listeners, clock=program.clock)] if listeners or settings.public_url else []
    if settings.public_url:
        program.link_key()  # refused now, in one sentence, and not when somebody opens a link
        doors.append(
            acts.routes(
                desk(program), key=program.link_key, clock=program.clock, public_url=settings.public_url,
                bind=settings.bind,
            )
        )  # fmt: skip
    if not doors:
        yield
        return
    with served(hooks.joined(*doors), bind=settings.bind) as place:
        if listeners:
            doors_told = ", ".join(f"http://{place}/hooks/{quote(name)}" for name in listeners)
            talk.print(f"Taking posts at {doors_told}.", markup=False)
        if settings.public_url:
            talk.print(f"Links in messages lead to {settings.public_url}; they are answered at {place}.", markup=False)
        yield


@contextmanager
def pushed(
    listeners: Mapping[str, Listener], *, bind: str, clock: Clock, patience: float = hooks.PATIENCE
) -> Iterator[str]:
    """Serve the door for what is pushed alone; yields host and port."""
    with served(hooks.app(listeners, clock=clock, patience=patience), bind=bind) as place:
        yield place


@contextmanager
def served(application: Callable[..., Any], *, bind: str) -> Iterator[str]:
    """Serve an ASGI application in a thread; yields host and port. Raises SettingsError where the place is taken."""
    listening = _listening(bind)
    server = uvicorn.Server(_config(application))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="doors", daemon=True)
    thread.start()
    try:
        yield f"{bind.rpartition(':')[0]}:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(GRACE + 1)
        listening.close()


def _listening(bind: str) -> socket.socket:
    """A socket at a place such as "127.0.0.1:8765" or "[::1]:8765"; clients may connect from now on."""
    host, _, port = bind.rpartition(":")
    bare = host.strip("[]")
    opened = socket.socket(socket.AF_INET6 if ":" in bare else socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((bare, int(port)))
        opened.listen(CONNECTIONS)
    except (OSError, UnicodeError) as error:  # the latter for a host whose name can be none
        opened.close()
        reason = getattr(error, "strerror", None) or "there is no such host"
        raise SettingsError(
            f'[web] bind = "{bind}": cannot listen there ({reason}).'
            " Name another place, or stop the program that has it."
        ) from None
    return opened


def _config(application: Callable[..., Any]) -> uvicorn.Config:
    """One request a connection, no headers of a proxy believed, nothing logged but what the program says itself."""
    return uvicorn.Config(
        application, http=_Punctual, loop="asyncio", ws="none", lifespan="off", interface="asgi3",
        log_config=None, log_level="critical", access_log=False, proxy_headers=False, server_header=False,
        headers=[("connection", "close")], limit_concurrency=CONNECTIONS, timeout_graceful_shutdown=GRACE,
    )  # fmt: skip


class _Punctual(H11Protocol):
    """Hangs up on a connection that brings no whole headers in time, and on those beyond what it can hold.

    uvicorn itself would wait for them for ever, and take any number.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its own parent does
        """Start the clock."""
        super().connection_made(transport)
        if len(self.connections) > MOST_LINES:
            transport.abort()
        else:
            self.loop.call_later(HEADERS_IN, self._unheard)

    def _unheard(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()
