"""The door through which other programs push posts: POST /hooks/{source}, and GET /hooks/health.

Knows HTTP and the listeners' one verb; nothing of signatures, rows or folders. Nothing that comes in is trusted: a body
is counted while it streams in, whatever its header says, and must come in time. An answer is one sentence in JSON, and
holds no secret and no path of ours; nothing of a request is logged.

    202  {"kept": n}: on disk            405  another method than POST         503  later: Retry-After says when
    400  no usable body                  408  the body did not come in time    500  our fault
    401  not signed as it should be      413  the body is too large
    404  no such source
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from monitor.clock import Clock
from monitor.errors import CredentialRefused, InputError, MonitorError
from monitor.ports import Listener

DRAINED = 4  # times as many bytes are read and thrown away, so that a sender hears why before the line is cut
PATIENCE = 10.0  # seconds for a whole body
LATER = 60  # seconds after which a sender may try again
log = logging.getLogger("monitor.hooks")


class TooLarge(Exception):
    """A body that is larger than it may be."""


def app(listeners: Mapping[str, Listener], *, clock: Clock, patience: float = PATIENCE) -> Starlette:
    """An ASGI application with these routes alone; `listeners` by their sources' names, `patience` in seconds."""
    return joined(routes(listeners, clock=clock, patience=patience))


def joined(*groups: Sequence[BaseRoute]) -> Starlette:
    """One ASGI application of several doors, and of nothing else."""
    made = Starlette(routes=[route for group in groups for route in group])
    made.router.redirect_slashes = False  # it would lead to whatever host the request names
    return made


def routes(listeners: Mapping[str, Listener], *, clock: Clock, patience: float = PATIENCE) -> list[BaseRoute]:
    """The routes, for an application that has others beside."""
    return [
        Route("/hooks/health", _health, methods=["GET"]),
        Route("/hooks/{source:path}", _taker(listeners, clock, patience), methods=["POST"]),
    ]


async def _health(request: Request) -> Response:
    return JSONResponse({"ok": True})


def _taker(
    listeners: Mapping[str, Listener], clock: Clock, patience: float
) -> Callable[[Request], Awaitable[Response]]:
    async def take(request: Request) -> Response:
        source = str(request.path_params["source"])
        listener = listeners.get(source)
        if listener is None:
            return _no(404, "there is no such source")
        limit = listener.max_body
        try:
            body = await body_of(request, limit, patience)
        except TooLarge:
            return _no(413, f"the body is longer than {limit:,} bytes")
        except TimeoutError:
            return _no(408, f"the body did not come within {patience:g} seconds")
        except ClientDisconnect:
            return _no(400, "the body broke off")
        return await _accepted(source, listener, dict(request.headers), body, clock)

    return take


async def body_of(request: Request, limit: int, patience: float) -> bytes:
    """The whole body, at most `limit` bytes, within `patience` seconds.

    Raises TooLarge, TimeoutError, ClientDisconnect.
    """
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > DRAINED * limit:
        raise TooLarge
    pieces: list[bytes] = []
    size = 0
    async with asyncio.timeout(patience):
        async for piece in request.stream():
            size += len(piece)
            if size > DRAINED * limit:
                raise TooLarge
            if size <= limit:
                pieces.append(piece)
    if size > limit:
        raise TooLarge
    return b"".join(pieces)


async def _accepted(source: str, listener: Listener, headers: Mapping[str, str], body: bytes, clock: Clock) -> Response:
    try:
        kept = await run_in_threadpool(listener.accept, headers, body, now=clock.now())
    except CredentialRefused as error:
        return _no(401, str(error))
    except InputError as error:
        return _no(400, str(error))
    except MonitorError as error:
        log.error("%s", error)  # for us: it may name a folder or a variable, which are no sender's business
        return _no(503, "nothing can be kept at the moment; try again later", {"retry-after": str(LATER)})
    except Exception as error:  # noqa: BLE001 - a fault in one listener must be seen as such, and stop no other
        log.error("%s: taking a request broke (%s); please report this.", source, type(error).__name__)
        return _no(500, "this is our fault; it was not kept")
    return JSONResponse({"kept": kept}, 202)


def _no(status: int, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    sentence = reason if reason.endswith(".") else f"{reason}."
    return JSONResponse({"error": sentence}, status, headers=dict(headers or {}))
